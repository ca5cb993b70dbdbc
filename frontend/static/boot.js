// Loads the compiled front end. A file of its own, because the content security policy allows no inline script.
import init from "{{frontend.js}}";

init({ module_or_path: "{{frontend_bg.wasm}}" })
  .then(() => document.getElementById("boot")?.remove())
  .catch((cause) => {
    console.error(cause);
    const boot = document.getElementById("boot");
    if (boot) {
      boot.textContent = "The page could not start. Load it again; if it stays so, use a newer browser.";
    }
  });
