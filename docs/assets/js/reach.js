// What only a pointer reaches, or only an eye reads, in what Material makes: names and tab stops.
"use strict";
(() => {
  document.querySelector(".md-search[role=dialog]:not([aria-label])")
    ?.setAttribute("aria-label", "Search");

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
