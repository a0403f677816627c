import os, re, json, sys, time, io, contextlib, platform
os.environ["OMP_NUM_THREADS"]="1"
import torch; torch.set_num_threads(1)
from pathlib import Path
from concurrent.futures import ProcessPoolExecutor, as_completed
import multiprocessing as mp
here = Path(__file__).resolve().parent
code = re.findall(r"```python\n(.*?)```", (here/"boards/attention.md").read_text(), re.S)[:3]
with contextlib.redirect_stdout(io.StringIO()):
    exec(compile("\n".join(code), "b", "exec"))
def job(args):
    torch.set_num_threads(1)
    which, method, seed = args
    t=time.process_time(); r=globals()[which](method, seed)
    return which, method, seed, r, time.process_time()-t
if __name__=="__main__":
    out=Path(sys.argv[1]); seeds=json.loads(sys.argv[2]); only=sys.argv[3:]
    methods=["Mamba"]+[m for m in METHODS if m!="Mamba"]
    jobs=[(w,m,s) for w,m in [("recalled","Mamba"),("read","Mamba")]+[("recalled",m) for m in methods[1:]]+[("read",m) for m in methods[1:]] for s in seeds]
    if only: jobs=[j for j in jobs if j[1] in only]
    done=[]
    def save():
        (out/"board.json").write_text(json.dumps({"torch":torch.__version__,"python":platform.python_version(),"done":done}))
    with ProcessPoolExecutor(16,mp_context=mp.get_context("spawn")) as pool:
        for f in as_completed([pool.submit(job,j) for j in jobs]):
            done.append(f.result()); print(done[-1],flush=True); save()
    with ProcessPoolExecutor(5,mp_context=mp.get_context("spawn")) as pool:
        for f in as_completed([pool.submit(job,("spent",m,s)) for s in seeds for m in METHODS if not only or m in only]):
            done.append(f.result()); print(done[-1],flush=True); save()
