/* The catalogue: filter, sort, choose and compare; the state stands in the address. */
(() => {
  const whole = document.getElementById("nx-catalogue");
  if (!whole) return;
  const form = whole.querySelector("form"), status = whole.querySelector("[role=status]"), table = whole.querySelector("table");
  const tbody = table.tBodies[0], heads = [...table.querySelectorAll("th[data-sort]")], fields = form.elements;
  const NAMES = ["text", "category", "from", "to", "state", "mark", "tag", "sort"], MOST = 4, FIRST = 24, MORE = 120;
  const number = new Intl.NumberFormat("en");
  let rows = [], order = {}, titles = {}, seen = [], drawn = 0, chosen = [], comparing = false, later = 0;

  const element = (name, properties, ...inside) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...inside.filter(each => each || each === 0));
    return made;
  };
  const fold = text => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  const earned = row => (row.marks || []).filter(mark => mark.earned);
  const plain = text => text.replace(/`/g, "");
  const paper = row => row.paper && (row.paper.startsWith("arXiv:") ? row.paper : row.paper.startsWith("doi:") ? "DOI" : new URL(row.paper).host.replace(/^www\./, ""));

  /* What rows are sorted by; those without a value come last, whichever the direction. */
  const KEYS = {
    title: row => row.title, category: row => row.category, year: row => row.year,
    time: row => row.complexity?.time, memory: row => row.complexity?.memory, marks: row => earned(row).length || undefined,
  };
  const read = data => {
    titles = data.categories;
    rows = data.algorithms;
    const collator = new Intl.Collator("en", {numeric: true});
    rows.sort((one, other) => collator.compare(one.title, other.title));
    rows.forEach((row, at) => {
      row.at = at;
      row.folded = fold([row.title, ...(row.aliases || []), ...(row.authors || []), row.paper, row.paper_title, row.summary,
        ...(row.tags || []), row.slug.replaceAll("_", " ")].filter(Boolean).join(" \n "));
    });
    for (const [name, key] of Object.entries(KEYS)) {  // places once, so that sorting compares numbers
      const values = [...new Set(rows.map(key).filter(value => value !== undefined))];
      values.sort(typeof values[0] === "number" ? (one, other) => one - other : collator.compare);
      const place = new Map(values.map((value, at) => [value, at]));
      order[name] = rows.map(row => place.get(key(row)));
    }
    order[""] = rows.map(row => row.url ? 0 : 1);
  };

  const filtered = () => {
    const words = fold(fields.text.value).replace(/^arxiv:\s*/, "").split(/\s+/).filter(Boolean);
    const [category, state, mark, tag] = ["category", "state", "mark", "tag"].map(name => fields[name]?.value);
    const from = Number(fields.from.value) || 0, to = Number(fields.to.value) || 9999;
    return rows.filter(row => row.year >= from && row.year <= to
      && (!category || row.category === category || (row.also_in || []).includes(category))
      && (!state || (state === "written") === Boolean(row.url))
      && (!mark || earned(row).some(each => each.name === mark))
      && (!tag || (row.tags || []).includes(tag))
      && words.every(word => row.folded.includes(word)));
  };
  const sorted = list => {
    const by = fields.sort.value, back = by.startsWith("-") ? -1 : 1, place = order[by.replace("-", "")];
    return list.sort((one, other) => {
      const [a, b] = [place[one.at], place[other.at]];
      if (a === undefined || b === undefined) return (a === undefined) - (b === undefined) || one.at - other.at;
      return back * (a - b) || one.at - other.at;
    });
  };

  const badge = mark => element("span", {
    className: mark.earned ? "nx-badge" : "nx-badge nx-badge-none", title: plain(mark.figures.join(" · ")),
  }, `${mark.earned ? "✓" : "○"} ${mark.name}`);
  const badges = row => element("span", {className: "nx-badges"}, ...(row.marks || []).flatMap(mark => [badge(mark), " "]));
  const named = row => row.url ? element("a", {href: row.url}, row.title) : element("span", {}, row.title);
  const cited = row => row.paper && element("a", {href: row.paper_url}, paper(row));
  const drawnRow = row => {
    const pick = element("input", {type: "checkbox", checked: chosen.includes(row.slug), value: row.slug});
    pick.setAttribute("aria-label", `Compare ${row.title}`);
    pick.disabled = !pick.checked && chosen.length >= MOST;
    const title = element("td", {className: "nx-title"}, named(row));
    if (row.aliases?.length) title.append(" ", element("small", {}, row.aliases.join(", ")));
    if (row.summary) title.append(element("small", {className: "nx-summary"}, row.summary));
    const cells = [
      element("td", {className: "nx-pick"}, pick), title, element("td", {className: "nx-category"}, titles[row.category]),
      element("td", {className: "nx-year"}, String(row.year), " ", cited(row)),
      element("td", {className: "nx-time"}, row.complexity?.time || ""), element("td", {className: "nx-memory"}, row.complexity?.memory || ""),
      element("td", {className: "nx-earned"}, row.url ? badges(row) : element("span", {className: "nx-badge-none"}, "planned")),
    ];
    return element("tr", {className: row.url ? "" : "nx-row-planned"}, ...cells);
  };
  /* Rows are made as they come near: a screen's worth at once, more on the way down. */
  const draw = count => {
    const until = Math.min(seen.length, drawn + count);
    tbody.append(...seen.slice(drawn, until).map(drawnRow));
    drawn = until;
    rest.hidden = drawn === seen.length;
  };
  const rest = element("button", {type: "button", className: "nx-rest", onclick: () => draw(MORE)}, "More");
  new IntersectionObserver(found => found[0].isIntersecting && draw(MORE), {rootMargin: "1200px"}).observe(rest);

  const update = () => {
    seen = sorted(filtered());
    drawn = 0;
    tbody.replaceChildren();
    draw(FIRST);
    const written = seen.filter(row => row.url).length;
    status.textContent = seen.length
      ? `${number.format(seen.length)} of ${number.format(rows.length)} algorithms, ${written} written` : "Nothing fits: clear a filter";
    const by = fields.sort.value;
    for (const head of heads) {
      const up = by === head.dataset.sort, down = by === `-${head.dataset.sort}`;
      if (up || down) head.setAttribute("aria-sort", up ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    remember();
  };
  const remember = () => {
    clearTimeout(later);  // browsers limit how often an address may change
    later = setTimeout(() => {
      const query = new URLSearchParams();
      for (const name of NAMES) if (fields[name]?.value) query.set(name, fields[name].value);
      if (chosen.length) query.set("pick", chosen.join(","));
      if (comparing) query.set("compare", "");
      const text = query.toString().replace(/%2C/g, ",").replace(/compare=$/, "compare");
      history.replaceState(null, "", text ? `?${text}` : location.pathname);
    }, 120);
  };

  const bar = element("div", {className: "nx-chosen", hidden: true});
  const panel = element("section", {className: "nx-compare", hidden: true, tabIndex: -1});
  panel.setAttribute("aria-label", "Comparison");
  bar.setAttribute("role", "region");
  bar.setAttribute("aria-label", "Chosen for comparison");
  const choose = list => {
    chosen = list;
    if (chosen.length < 2) comparing = false;
    for (const pick of tbody.querySelectorAll("input")) {
      pick.checked = chosen.includes(pick.value);
      pick.disabled = !pick.checked && chosen.length >= MOST;
    }
    tell();
    remember();
  };
  const tell = () => {
    const picked = chosen.map(slug => rows.find(row => row.slug === slug));
    bar.hidden = comparing || !chosen.length;
    const said = element("span", {}, picked.map(row => row.title).join(", "));
    said.setAttribute("role", "status");
    const go = element("button", {type: "button", className: "nx-go", disabled: chosen.length < 2, onclick: () => compare(true)},
      chosen.length < 2 ? "Choose another to compare" : `Compare ${chosen.length}`);
    bar.replaceChildren(said, go, element("button", {type: "button", onclick: () => choose([])}, "Clear"));
    panel.hidden = !comparing;
    if (comparing) panel.replaceChildren(...comparison(picked));
  };
  const compare = on => {
    comparing = on;
    tell();
    remember();
    if (on) { panel.scrollIntoView({block: "start"}); panel.focus({preventScroll: true}); }
  };
  const comparison = picked => {
    const about = {
      Category: row => titles[row.category], Year: row => String(row.year), Paper: cited, Title: row => row.paper_title,
      Authors: row => row.authors?.join(", "), "Also called": row => row.aliases?.join(", "), Summary: row => row.summary,
      "Builds on": row => row.prerequisites?.join(", "), Time: row => row.complexity?.time, Memory: row => row.complexity?.memory,
      Tags: row => row.tags?.join(", "),
    };
    for (const name of [...fields.mark.options].map(option => option.value).filter(Boolean)) {
      about[name] = row => {
        const mark = row.marks?.find(each => each.name === name);
        return mark && element("span", {}, badge(mark), element("small", {}, plain(mark.figures.join(" · "))));
      };
    }
    const body = Object.entries(about).map(([name, of]) => [name, picked.map(of)]).filter(([, cells]) => cells.some(Boolean))
      .map(([name, cells]) => element("tr", {}, element("th", {scope: "row"}, name), ...cells.map(cell => element("td", {}, cell || "—"))));
    const remove = row => element("button", {type: "button", title: `Leave out ${row.title}`, onclick: () => choose(chosen.filter(slug => slug !== row.slug))}, "×");
    const columns = picked.map(row => {
      const drop = remove(row);
      drop.setAttribute("aria-label", drop.title);
      return element("th", {scope: "col"}, named(row), row.url ? "" : element("small", {}, " planned"), " ", drop);
    });
    const made = element("table", {className: "nx-side"}, element("thead", {}, element("tr", {}, element("td"), ...columns)), element("tbody", {}, ...body));
    const scroll = element("div", {className: "nx-scroll", tabIndex: 0}, made);
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", "Side by side");
    return [element("h2", {}, "Side by side"), element("button", {type: "button", className: "nx-shut", onclick: () => { compare(false); form.scrollIntoView(); fields.text.focus(); }}, "Close"), scroll];
  };

  /* The list of orders has the usual ones; others join it when they are in use. */
  const offer = next => {
    const key = next.replace("-", "");
    if (!KEYS[key] || [...fields.sort.options].some(option => option.value === next)) return;
    fields.sort.append(element("option", {value: next}, next === key ? key : `${key}, backwards`));
  };
  const start = () => {
    read(window.nexusCatalogue);
    const query = new URLSearchParams(location.search);
    for (const name of NAMES) {
      const value = query.get(name) || "", field = fields[name];
      if (!field || field.type === "number" && !/^\d{4}$/.test(value)) continue;
      if (name === "sort") offer(value);
      field.value = value;
      if (field.selectedIndex < 0) field.value = "";
    }
    const known = new Set(rows.map(row => row.slug));
    chosen = [...new Set((query.get("pick") || "").split(","))].filter(slug => known.has(slug)).slice(0, MOST);
    comparing = query.has("compare") && chosen.length > 1;
    for (const head of heads) {
      const button = element("button", {type: "button", onclick: () => {
        const by = head.dataset.sort, down = fields.sort.value === by || by === "marks" && fields.sort.value !== "-marks";
        const next = down ? `-${by}` : by;
        offer(next);
        fields.sort.value = next;
        update();
      }}, head.textContent);
      head.replaceChildren(button);
    }
    table.tHead.rows[0].prepend(element("th", {className: "nx-pick", scope: "col"}, "Compare"));
    table.after(rest, bar);
    status.before(panel);
    whole.classList.add("nx-live");
    form.addEventListener("input", update);
    form.addEventListener("submit", event => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(update));
    tbody.addEventListener("change", event => {
      const slug = event.target.value;
      choose(event.target.checked ? [...chosen, slug].slice(0, MOST) : chosen.filter(each => each !== slug));
    });
    window.addEventListener("beforeprint", () => draw(rows.length));
    update();
    tell();
  };
  const script = element("script", {src: whole.dataset.rows, onload: start});
  document.head.append(script);
})();
