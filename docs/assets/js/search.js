/* The search box: a slim index of pages and planned rows answers at once, the full text follows over http. */
(() => {
  const root = new URL("../../", document.currentScript.src);
  const box = document.getElementById("nx-search"), toggle = document.getElementById("__search");
  if (!box || !toggle) return;
  const input = box.querySelector("input"), status = box.querySelector("[role=status]"), found = box.querySelector("#nx-found");
  const hint = status.textContent, PAGES = 6, PASSAGES = 5, WAIT = 180;
  let search = null, slim = null, full = null, asked = 0, waiting = 0;

  const script = address => new Promise((done, failed) => {
    const tag = document.createElement("script");
    Object.assign(tag, {src: address, onload: done, onerror: failed, async: false});
    document.head.append(tag);
  });
  const loadSlim = () => slim ??= Promise.all([
    script(new URL("assets/minisearch/minisearch.min.js", root)), script(new URL("assets/js/ranking.js", root)),
    script(new URL(box.dataset.index, location)),
  ]).then(() => { search = nexusRanking.index(nexusIndex); }).catch(() => { slim = null; });
  const loadFull = () => full ??= !location.protocol.startsWith("http") ? Promise.resolve(null)
    : import(new URL("pagefind/pagefind.js", root)).then(async pagefind => {
      await pagefind.options({baseUrl: root.pathname, excerptLength: 18, ranking: {metaWeights: {title: 6}}});
      await pagefind.init();
      return pagefind;
    }).catch(() => null);  // there is none yet, as under `serve` before the first build

  const element = (name, kind, ...inside) => {
    const made = document.createElement(name);
    if (kind) made.className = kind;
    made.append(...inside);
    return made;
  };
  /* Text as nodes, with the words that were searched for marked. */
  const marked = (text, terms) => {
    const escaped = terms.filter(Boolean).map(term => term.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).sort((a, b) => b.length - a.length);
    if (!escaped.length) return [text];
    return text.split(new RegExp(`(?<![\\p{L}\\p{N}])(${escaped.join("|")})`, "giu"))
      .map((part, at) => at % 2 ? element("mark", "", part) : part);
  };
  const item = (address, ...inside) => {
    const link = element("a", "md-search-result__link", ...inside);
    link.href = address;
    return element("li", "md-search-result__item", link);
  };
  const page = row => {
    const authors = (row.w || "").split(", ").filter(Boolean);
    const by = authors.length > 2 ? `${authors[0]} and others` : authors.join(", ");
    const seen = [by, row.y, row.x && `arXiv:${row.x}`, row.c].filter(Boolean).join(" · ");
    const title = element("span", "nx-found-title", ...marked(row.t, row.terms));
    const aliases = (row.a || "").split(", ").filter(alias => alias && !row.t.includes(alias)).slice(0, 3).join(", ");
    if (aliases) title.append(" ", element("small", "", ...marked(aliases, row.terms)));
    if (row.p) title.append(" ", element("small", "nx-found-planned", "planned"));
    const parts = [title, element("span", "nx-found-about", ...marked(seen, row.terms))];
    if (row.s) parts.push(element("span", "nx-found-text", ...marked(row.s, row.terms)));
    return item(new URL(row.id, root), ...parts);
  };
  const weight = part => part.weighted_locations.reduce((sum, each) => sum + each.balanced_score, 0);
  const passage = data => {
    const best = [...data.sub_results].sort((one, other) => weight(other) - weight(one))[0] || data;
    const name = data.meta.title.replace(/#$/, ""), part = (best.title || "").replace(/#$/, "");
    const text = element("span", "nx-found-text");
    text.innerHTML = best.excerpt;  // escaped by Pagefind, but for its marks
    return item(best.url, element("span", "nx-found-title", part && part !== name ? `${name} › ${part}` : name), text);
  };
  const group = (title, items) => items.length
    ? [element("p", "nx-found-group", title), element("ol", "md-search-result__list", ...items)] : [];
  const everywhere = query => {
    const address = new URL("catalogue.html", root);
    address.searchParams.set("text", query);
    const link = element("a", "nx-found-all", `Look for “${query}” in the catalogue of all algorithms`);
    link.href = address;
    return link;
  };
  const show = (text, ...inside) => { status.textContent = text; found.replaceChildren(status, ...inside); };
  const counted = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

  /* How many pages have it, the first of them, and the words of theirs that Pagefind took for it. */
  const heard = async (pagefind, query) => {
    const {results} = await pagefind.search(query), data = await Promise.all(results.slice(0, PASSAGES).map(each => each.data()));
    const words = data.flatMap(page => { const all = page.content.split(/\s+/); return page.locations.map(at => all[at] || ""); });
    return {count: results.length, data, words};
  };
  const passages = async (query, rows) => {
    const pagefind = await loadFull();
    if (!pagefind) return null;
    const terms = rows.length ? rows[0].terms : [], asked = await heard(pagefind, query);
    const instead = nexusRanking.corrected(query, asked.words, terms);
    const result = instead === query ? asked : instead ? await heard(pagefind, instead) : {count: 0, data: []};
    return {count: result.count, items: result.data.map(passage)};
  };
  const answer = async () => {
    const query = input.value.trim(), mine = ++asked;
    clearTimeout(waiting);
    if (!query) return show(hint);
    await loadSlim();
    if (mine !== asked) return;
    const rows = search ? nexusRanking.find(search, query) : [];
    const first = group("Pages", rows.slice(0, PAGES).map(page)), all = everywhere(query);
    const said = rows.length ? counted(rows.length, "page") : "No page is called so";
    show(said, ...first, all);
    if (query.length < 2) return;
    waiting = setTimeout(async () => {
      const text = await passages(query, rows);
      if (mine !== asked || !text) return;
      const at = [...found.querySelectorAll("a")].indexOf(document.activeElement);
      show(`${said}, ${text.count ? counted(text.count, "page") + " with it in the text" : "nothing in the text"}`,
        ...first, ...group("In the text", text.items), all);
      if (at >= 0) found.querySelectorAll("a")[Math.min(at, rows.length - 1)]?.focus();
    }, WAIT);
  };

  const open = on => { if (toggle.checked !== on) toggle.click(); };
  const close = () => { open(false); input.blur(); if (box.contains(document.activeElement)) document.activeElement.blur(); };
  box.addEventListener("pointerenter", loadSlim, {once: true});
  input.addEventListener("focus", () => { open(true); loadSlim(); });
  input.addEventListener("input", answer);
  toggle.addEventListener("change", () => { if (toggle.checked) input.focus(); });
  for (const link of document.querySelectorAll(".nx-find a")) {
    link.setAttribute("role", "button");
    link.addEventListener("click", event => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      open(true);
      input.focus();
    });
    link.addEventListener("keydown", event => { if (event.key === " ") { event.preventDefault(); link.click(); } });
  }
  input.form.addEventListener("reset", () => setTimeout(() => { answer(); input.focus(); }));
  input.form.addEventListener("submit", event => {
    const first = found.querySelector("li a");
    if (first) { event.preventDefault(); first.click(); }
  });
  document.addEventListener("keydown", event => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const called = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey || event.key === "k" && (event.ctrlKey || event.metaKey);
    if (called) { event.preventDefault(); open(true); input.focus(); input.select(); return; }
    if (!toggle.checked || !box.contains(event.target)) return;
    if (event.key === "Escape") { event.preventDefault(); close(); }
    const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!step) return;
    const stops = [input, ...found.querySelectorAll("a")], at = stops.indexOf(event.target);
    event.preventDefault();
    stops[(at + step + stops.length) % stops.length].focus();
  });
  box.addEventListener("focusout", event => { if (event.relatedTarget && !box.contains(event.relatedTarget)) open(false); });
  found.addEventListener("click", event => { if (event.target.closest("a")) close(); });
})();
