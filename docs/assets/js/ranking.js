/* How the slim index is searched. Pure: needs MiniSearch and nothing of a page, so tests run it without a browser. */
(() => {
  const fold = text => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "");
  const COMMON = new Set(("a an the one ones that this these those which who whose what with without of in on for from to by as at " +
    "and or is are be it its does do not where when how each than then instead method algorithm paper").split(" "));
  const FIELDS = ["t", "a", "z", "x", "w", "y", "c", "s", "h"];
  const BOOST = {t: 6, a: 8, z: 5, x: 6, w: 3, y: 0.5, c: 1, s: 2, h: 1.2};
  const TRANSLITERATED = {"²": "2", "³": "3", "♯": "#"};
  const words = text => text.split(/[\s\p{P}\p{S}]+/u).filter(Boolean);
  const same = (one, other) => words(fold(one)).join("") === words(fold(other)).join("");

  const index = rows => {
    const search = new MiniSearch({
      idField: "u", fields: FIELDS, storeFields: ["t", "a", "w", "x", "y", "c", "s", "p"],
      extractField: (row, field) => field === "a" && row.a ? row.a.join(", ") : row[field] === undefined ? "" : String(row[field]),
      tokenize: (text, field) => field === "x" ? [text] : words(text),
      processTerm: term => fold(term.replace(/[²³♯]/g, c => TRANSLITERATED[c])) || null,
      searchOptions: {
        boost: BOOST, combineWith: "AND", weights: {prefix: 0.5, fuzzy: 0.3},
        prefix: term => term.length > 1,
        fuzzy: term => term.length > 3 && !/\d/.test(term) ? 0.25 : false,
        tokenize: text => { const id = text.match(/(\d{4}\.\d{4,5}|[a-z-]+\/\d{7})/i); return id ? [id[1]] : words(text); },
      },
    });
    search.addAll(rows);
    return search;
  };

  /* A page whose name is the query comes first; then where all words are found; then where most are. */
  const find = (search, query) => {
    const named = (id, term, row) => [row.t, ...(row.a || "").split(", ")].some(name => same(name, query)) ? 30 : row.p ? 0.9 : 1;
    const telling = words(query).filter(word => !COMMON.has(fold(word)));
    const all = search.search(query, {boostDocument: named});
    if (all.length || telling.length < 1) return all;
    const fewer = /\d{4}\.\d{4}/.test(query) ? query : telling.join(" ");
    const found = search.search(fewer, {boostDocument: named});
    if (found.length) return found;
    const some = search.search(fewer, {boostDocument: named, combineWith: "OR"});
    const matched = row => row.queryTerms.length;
    return some.filter(row => telling.length < 2 || matched(row) > 1)
      .sort((one, other) => matched(other) - matched(one) || other.score - one.score);
  };

  /* What to ask the full text instead of a query with a slip in it: Pagefind answers that with words that only begin alike.
     `hit` are the words it found, `terms` what the slim index took the query for; null where nothing is near. */
  const ENDING = /^(e|s|es|d|ed|ing|er|ly|al|ion|ation)?$/;
  const near = (word, other) => {
    let at = 0;
    while (at < word.length && word[at] === other[at]) at++;
    return at === word.length || at > 2 && ENDING.test(word.slice(at));
  };
  const corrected = (query, hit, terms) => {
    const asked = words(fold(query)), there = new Set([...hit.flatMap(word => words(fold(word))), ...terms]);
    const right = asked.filter(word => [...there].some(other => near(word, other)));
    if (right.length === asked.length) return query;
    const instead = terms.filter(term => !right.some(word => near(word, term)));
    return instead.length ? [...right, ...instead].join(" ") : null;
  };

  globalThis.nexusRanking = {index, find, fold, words, corrected};
})();
