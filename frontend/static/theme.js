// Chooses light or dark and the side from which one reads before the first paint, so that nothing flashes or jumps.
(() => {
  let chosen = null;
  let language = null;
  try {
    chosen = localStorage.getItem("theme");
    language = localStorage.getItem("language");
  } catch {
    // Storage can be closed by the browser's settings; the system's theme and the browser's language stand then.
  }
  const known = ["en", "ar"];
  const wanted = [language, ...navigator.languages].filter(Boolean).map((tag) => tag.split("-")[0].toLowerCase());
  document.documentElement.lang = wanted.find((tag) => known.includes(tag)) ?? known[0];
  document.documentElement.dir = document.documentElement.lang === "ar" ? "rtl" : "ltr";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme =
    chosen === "light" || chosen === "dark" ? chosen : dark ? "dark" : "light";
})();
