//! Who is in which picture: by the pictures' names, and by what the pairs file says besides.

use std::collections::BTreeMap;

use anyhow::bail;

use super::pairs::Pair;

/// The pictures of the pairs, in the order of their names, each with the number of its identity.
#[derive(Debug, PartialEq, Eq)]
pub struct Identities<'a> {
    /// The pictures' names, ascending.
    pub pictures: Vec<&'a str>,
    /// Of each picture.
    pub of: Vec<usize>,
    /// How many there are.
    pub count: usize,
}

impl<'a> Identities<'a> {
    /// Pictures are of one identity when their names say so ([`named`]) or a pair calls them the same.
    ///
    /// # Errors
    /// When a pair calls two pictures different that are of one identity by name or by other pairs.
    pub fn of(pairs: &'a [Pair]) -> anyhow::Result<Self> {
        let mut groups = Groups::default();
        let mut pictures: BTreeMap<&str, usize> = BTreeMap::new();
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        for picture in pairs.iter().flat_map(|pair| [pair.a.as_str(), pair.b.as_str()]) {
            let name = *names.entry(named(picture)).or_insert_with(|| groups.add());
            pictures.insert(picture, name);
        }
        for pair in pairs.iter().filter(|pair| pair.same) {
            groups.join(pictures[pair.a.as_str()], pictures[pair.b.as_str()]);
        }
        for Pair { a, b, line, .. } in pairs.iter().filter(|pair| !pair.same) {
            if groups.root(pictures[a.as_str()]) == groups.root(pictures[b.as_str()]) {
                bail!(
                    "line {line} says that {a} and {b} show two people; their names, or other lines, say one"
                );
            }
        }
        let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
        let number = |group: &usize| {
            let next = numbers.len();
            *numbers.entry(groups.root(*group)).or_insert(next)
        };
        let of = pictures.values().map(number).collect();
        Ok(Self { pictures: pictures.into_keys().collect(), of, count: numbers.len() })
    }

    /// Where a picture stands in `pictures`.
    pub fn position(&self, picture: &str) -> Option<usize> {
        self.pictures.binary_search(&picture).ok()
    }
}

/// The identity that a picture's name tells: its folder (`Ada/1.jpg`), or, without a folder, the name without
/// extension and final number (`Ada_0001.jpg`).
pub fn named(picture: &str) -> &str {
    if let Some((folder, _)) = picture.rsplit_once('/') {
        return folder;
    }
    let stem = picture.rsplit_once('.').map_or(picture, |(stem, _)| stem);
    match stem.rsplit_once('_') {
        Some((name, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => stem,
    }
}

/// Disjoint sets.
#[derive(Default)]
struct Groups(Vec<usize>);

impl Groups {
    fn add(&mut self) -> usize {
        self.0.push(self.0.len());
        self.0.len() - 1
    }

    fn root(&self, mut group: usize) -> usize {
        while self.0[group] != group {
            group = self.0[group];
        }
        group
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.0[a] = b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(a: &str, b: &str, same: bool) -> Pair {
        Pair { a: a.into(), b: b.into(), same, fold: 0, line: 2 }
    }

    #[test]
    fn names_tell_identities() {
        assert_eq!(named("Ada_L/Ada_L_0001.jpg"), "Ada_L");
        assert_eq!(named("Ada_L_0001.jpg"), "Ada_L");
        assert_eq!(named("img7.png"), "img7");
        assert_eq!(named("a_b"), "a_b");
    }

    #[test]
    fn pairs_join_what_names_do_not() {
        let pairs =
            [pair("1.png", "2.png", true), pair("2.png", "3.png", true), pair("1.png", "4.png", false)];
        let identities = Identities::of(&pairs).expect("no contradiction");
        assert_eq!((identities.count, identities.pictures.len()), (2, 4));
        assert_eq!(identities.of[0], identities.of[2]);
        assert_ne!(identities.of[0], identities.of[3]);
        assert_eq!(identities.position("3.png"), Some(2));
    }

    #[test]
    fn contradictions_are_refused() {
        assert!(Identities::of(&[pair("a/1", "a/2", false)]).is_err(), "the names say one person");
        let pairs = [pair("a/1", "b/1", true), pair("a/2", "b/2", false)];
        assert!(
            Identities::of(&pairs).expect_err("the first line joins both").to_string().contains("line 2")
        );
    }
}
