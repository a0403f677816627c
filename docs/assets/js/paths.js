// Steps of learning paths that the reader has ticked off. They are kept in this browser alone, by
// slug, so that a step done on one path is done on all. Without this script the list is a list.
(() => {
  const KEY = "nexus.done";
  let done = new Set();
  let stored = true; // until the browser refuses: then ticks last as long as the page

  function read() {
    if (!stored) return;
    try {
      const text = localStorage.getItem(KEY);
      done = new Set(parsed(text ?? "[]"));
    } catch {
      stored = false;
    }
  }

  function parsed(text) {
    try {
      const kept = JSON.parse(text);
      return Array.isArray(kept) ? kept : [];
    } catch {
      return []; // something else was kept there
    }
  }

  function keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify([...done].sort()));
    } catch {
      stored = false;
    }
  }

  function show() {
    for (const item of document.querySelectorAll("[data-step]")) {
      const is = done.has(item.dataset.step);
      item.classList.toggle("nx-done", is);
      const box = item.querySelector("input");
      if (box) box.checked = is;
    }
    for (const line of document.querySelectorAll("[data-steps]")) {
      const steps = line.dataset.steps.split(" ");
      const count = steps.filter((slug) => done.has(slug)).length;
      line.querySelector(".nx-done-count").textContent = count ? ` · ${count} of ${steps.length} done` : "";
      const bar = line.querySelector("progress");
      bar.value = count;
      bar.hidden = count === 0;
    }
  }

  for (const line of document.querySelectorAll("[data-steps]")) {
    const count = document.createElement("span");
    count.className = "nx-done-count";
    if (document.querySelector(".nx-steps")) count.setAttribute("role", "status");
    const bar = document.createElement("progress");
    bar.max = line.dataset.steps.split(" ").length;
    bar.setAttribute("aria-hidden", "true"); // the words beside it say the same
    line.append(count, bar);
  }
  for (const box of document.querySelectorAll("[data-step] input")) {
    box.hidden = false;
    box.addEventListener("change", () => {
      const slug = box.closest("[data-step]").dataset.step;
      read();
      if (box.checked) done.add(slug);
      else done.delete(slug);
      keep();
      show();
    });
  }
  window.addEventListener("storage", (event) => {
    if (event.key === KEY || event.key === null) {
      read();
      show();
    }
  });
  window.addEventListener("pageshow", () => {
    read();
    show();
  });
  read();
  show();
})();
