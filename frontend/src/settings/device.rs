//! What a browser calls itself, in words. Browsers claim to be each other, so the order of the questions matters.

/// Browser and system, by their own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Device {
    /// The browser.
    pub browser: &'static str,
    /// The system it runs on.
    pub system: &'static str,
}

const BROWSERS: [(&str, &str); 9] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

impl Device {
    /// Reads a `User-Agent`; `None` for one that is no browser's.
    pub fn of(agent: &str) -> Option<Self> {
        let named = |names: &[(&str, &'static str)]| {
            names.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name)
        };
        Some(Self { browser: named(&BROWSERS)?, system: named(&SYSTEMS)? })
    }

    /// Whether it is held in a hand.
    pub fn is_mobile(self) -> bool {
        matches!(self.system, "iPhone" | "iPad" | "Android")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart() {
        let gecko = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                    Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";
        let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                     Version/18.5 Mobile/15E148 Safari/604.1";
        let android = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
                       Chrome/140.0.0.0 Mobile Safari/537.36";
        for (agent, device) in [
            (gecko, Some(("Firefox", "Linux", false))),
            (edge, Some(("Edge", "Windows", false))),
            (phone, Some(("Safari", "iPhone", true))),
            (android, Some(("Chrome", "Android", true))),
            ("curl/8.5.0", None),
            ("", None),
        ] {
            let read = Device::of(agent).map(|device| (device.browser, device.system, device.is_mobile()));
            assert_eq!(read, device, "{agent}");
        }
    }
}
