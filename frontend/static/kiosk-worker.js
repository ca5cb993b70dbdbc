// Lets /kiosk open without a network from the second time on. The build writes the names of the kiosk's files in here,
// so that a new build is another worker, with a cache of its own.
const FILES = {{kiosk files}};
const PAGE = "/kiosk";
const CACHE = "kiosk-{{kiosk build}}";
// How long the network may take for the page itself before the one that is kept is shown.
const PATIENCE_MS = 4000;
// A file is the same however it was compressed on its way.
const ANYHOW = { ignoreVary: true };

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      // The names of files hold a hash of what is in them; the page's own does not, so the browser's cache is passed by.
      .then((cache) => cache.addAll([...FILES, new Request(PAGE, { cache: "reload" })]))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("kiosk-") && name !== CACHE;
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  // The API is never answered from here.
  if (request.method !== "GET" || origin !== self.location.origin || pathname.startsWith("/api/")) {
    return;
  }
  if (request.mode === "navigate") {
    event.respondWith(page(request));
  } else if (pathname.startsWith("/assets/")) {
    event.respondWith(file(request));
  }
});

async function file(request) {
  return (await caches.match(request, ANYHOW)) ?? fetch(request);
}

/** The newest page, and the one that is kept where the network or the server is away. */
async function page(request) {
  const kept = await caches.match(PAGE, ANYHOW);
  if (!kept) {
    return fetch(request);
  }
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept));
  const fresh = fetch(request).then((answer) => (answer.ok ? answer : kept), () => kept);
  return Promise.race([fresh, late]);
}
