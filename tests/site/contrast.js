// Of the texts that the selectors find and that are seen: how light the page is, and which are faint.
(selectors) => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3]));
  const luminance = (color) => {
    const [r, g, b] = color.map((c) => {
      const s = c / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const background = (element) => {
    const layers = [];
    for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255]);
  };
  const opacity = (element) => {
    let all = 1;
    for (let at = element; at; at = at.parentElement) all *= Number(getComputedStyle(at).opacity);
    return all;
  };
  const faint = [];
  let read = 0;
  for (const selector of selectors) {
    for (const element of [...document.querySelectorAll(selector)].slice(0, 60)) {
      const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
      if (!own || !element.checkVisibility({ visibilityProperty: true })) continue;
      if (element.closest("[aria-hidden=true]") && !element.closest(".katex")) continue;
      if (element.matches(".headerlink")) continue;
      const style = getComputedStyle(element);
      const under = background(element);
      const ink = rgba(element instanceof SVGElement ? style.fill : style.color);
      ink[3] *= opacity(element);
      const [a, b] = [luminance(over(ink, under)), luminance(under)];
      const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      read += 1;
      if (ratio < 4.5) faint.push(`${selector}: ${element.textContent.trim().slice(0, 30)} ${ratio.toFixed(2)}`);
    }
  }
  return { page: luminance(background(document.body)), faint: [...new Set(faint)], read };
}
