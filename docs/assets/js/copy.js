// Copying a block with the blocks that it needs: what that consists of is told in its `data-run`,
// and scripts/render/runnable.py says how.
"use strict";
(() => {
  const shown = number => {
    const code = document.querySelector(`#block-${number} code`);
    return code.textContent.replace(/^\n+|\n+$/g, "").split("\n");
  };

  const cooked = recipe => recipe.split(" ").flatMap(part => {
    if (part.startsWith("=")) return [decodeURIComponent(part.slice(1))];
    const [number, span] = part.split(":");
    if (!span) return shown(number);
    const [first, last = first] = span.split("-");
    return shown(number).slice(first - 1, last);
  }).join("\n") + "\n";

  // Where a browser keeps the clipboard from pages that come from a disk, the old way still works.
  const byHand = text => {
    const field = Object.assign(document.createElement("textarea"), { value: text, readOnly: true });
    field.className = "nx-unseen";
    const focused = document.activeElement;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    focused?.focus();
    return done;
  };

  const said = document.createElement("div");
  said.className = "md-dialog nx-said";
  said.setAttribute("role", "status");
  const inner = said.appendChild(document.createElement("div"));
  inner.className = "md-dialog__inner md-typeset";
  document.body.append(said);
  let fading;
  const say = text => {
    inner.textContent = text;
    said.classList.add("md-dialog--active");
    clearTimeout(fading);
    fading = setTimeout(() => said.classList.remove("md-dialog--active"), 2500);
  };

  const copy = async (text, done) => {
    const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false);
    say(copied || byHand(text) ? done : "The browser refused to copy");
  };

  const button = block => {
    const more = block.dataset.needs.split(" ").length;
    const about = `Copy runnable: this block with the ${more === 1 ? "one" : more} that it needs`;
    const made = Object.assign(document.createElement("button"), { type: "button", title: about });
    made.className = "nx-copy";
    made.textContent = "Copy runnable";
    made.setAttribute("aria-label", about);
    made.addEventListener("click", () => {
      copy(cooked(block.dataset.run), `Copied ${more + 1} blocks, which run as one file`);
    });
    return made;
  };

  // Material adds its own buttons when it likes.
  const add = () => {
    for (const row of document.querySelectorAll(".nx-block[data-run] .md-code__nav:not(.nx-both)")) {
      row.classList.add("nx-both");
      row.prepend(button(row.closest(".nx-block")));
    }
  };
  const article = document.querySelector("article");
  if (article?.querySelector(".nx-block[data-run]")) {
    new MutationObserver(add).observe(article, { childList: true, subtree: true });
    add();
  }

  // Material shows what it copied and does not say it.
  document.querySelector("[data-md-component=dialog]")?.setAttribute("role", "status");

  // A report begins with the block that the address names, or that was copied last.
  let last = "";
  document.addEventListener("click", event => {
    const block = event.target.closest(".nx-block");
    if (block && event.target.closest("button")) last = block.id;
  });
  const report = document.querySelector("a.nx-report");
  report?.addEventListener("click", () => {
    const id = document.querySelector(`.nx-block[id="${CSS.escape(location.hash.slice(1))}"]`)?.id ?? last;
    if (!id) return;
    const address = new URL(report.href);
    const body = address.searchParams.get("body").replace(/^Block: .*$/m, `Block: ${id.slice(6)}`);
    address.searchParams.set("body", body);
    report.href = address;
  });
})();
