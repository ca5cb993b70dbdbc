// Loads the compiled front end. A file of its own, because the content security policy allows no inline script.
import init from "{{frontend.js}}";

// The page's own words come with the program; these two are needed without it. `theme.js` has settled the language.
const [loading, failed] =
  document.documentElement.lang === "ar"
    ? ["جارٍ التحميل…", "تعذّر بدء الصفحة. أعد تحميلها؛ وإن استمر ذلك فاستخدم متصفحًا أحدث."]
    : ["Loading…", "The page could not start. Load it again; if it stays so, use a newer browser."];
const waiting = document.querySelector("#boot .sr-only");
if (waiting) {
  waiting.textContent = loading;
}

init({ module_or_path: "{{frontend_bg.wasm}}" })
  .then(() => document.getElementById("boot")?.remove())
  .catch((cause) => {
    console.error(cause);
    const boot = document.getElementById("boot");
    if (boot) {
      boot.textContent = failed;
    }
  });
