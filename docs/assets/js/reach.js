// What only a pointer reaches, or only an eye reads, in what Material makes: names, tab stops, keys.
"use strict";
(() => {
  // The arrow keys turn pages, while nothing that would scroll or type has the focus.
  const turns = {
    ArrowLeft: document.querySelector(".md-footer__link--prev"),
    ArrowRight: document.querySelector(".md-footer__link--next"),
  };
  for (const [key, link] of Object.entries(turns)) link?.setAttribute("aria-keyshortcuts", key);
  document.addEventListener("keydown", event => {
    const free = [document.body, document.documentElement, null].includes(document.activeElement);
    const held = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
    if (turns[event.key] && free && !held && !event.defaultPrevented) turns[event.key].click();
  });

  // Material moves the notes of a listing into tooltips: a copy stays below it, seen without asking.
  for (const list of document.querySelectorAll("article .highlight + ol")) {
    const seen = list.cloneNode(true);
    seen.className = "nx-notes";
    list.after(seen);
  }
  const notes = () => {
    for (const note of document.querySelectorAll(".md-annotation__index:not([aria-label])")) {
      const number = note.firstElementChild?.dataset.mdAnnotationId;
      if (note.href) note.setAttribute("aria-label", `Note ${number}`);
    }
  };
  const article = document.querySelector("article");
  if (article?.querySelector(".highlight + ol")) {
    new MutationObserver(notes).observe(article, { childList: true, subtree: true });
    notes();
  }

  // A formula that is wider than its column scrolls, with the arrow keys too.
  const formulas = [...document.querySelectorAll("div.arithmatex, .katex-display")];
  const reachable = () => {
    const wide = formulas.map(formula => formula.scrollWidth > formula.clientWidth);
    formulas.forEach((formula, at) => {
      if (wide[at]) formula.tabIndex = 0;
      else formula.removeAttribute("tabindex");
    });
  };
  if (formulas.length) {
    addEventListener("load", reachable);
    addEventListener("resize", reachable);
    document.fonts?.ready.then(reachable);
  }
})();
