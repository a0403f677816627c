"""`python copied.py PAGE < texts.json`: texts run as by somebody who copied them; what fails.

Each text has a process and a main module of its own. Texts are pairs of code and the name of the
exception that it must end with, if any. The page's path makes measured experiments give their
recorded results, as on the page: a reader's own run would compute them, for minutes.
"""

import json
import os
import sys
import traceback


def main(page: str, texts: list[list[str]]) -> None:
    """Print what fails as a JSON object by place."""
    import matplotlib.pyplot  # noqa: F401  (once, before there are processes)
    import torch

    torch.set_num_threads(1)
    failed = {}
    for at, (text, raises) in enumerate(texts):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            _run(page, text, raises, writing)
        os.close(writing)
        with open(reading) as told:
            said = told.read()
        if os.waitpid(child, 0)[1]:
            failed[at] = said or "it died"
    print(json.dumps(failed))


def _run(page: str, text: str, raises: str, writing: int) -> None:
    """In the child: run a text as the main program, and leave."""
    sys.stdout = open(os.devnull, "w")
    module = sys.modules["__main__"] = type(sys)("__main__")
    raised, said = "", f"it raises no {raises}"
    try:
        exec(compile(text, page, "exec"), module.__dict__)
    except BaseException as error:
        raised, said = type(error).__name__, traceback.format_exc()[-2000:]
    if raised != raises:
        os.write(writing, said.encode())
    os._exit(raised != raises)


if __name__ == "__main__":
    main(sys.argv[1], json.load(sys.stdin))
