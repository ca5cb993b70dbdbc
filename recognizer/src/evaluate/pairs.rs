//! The pairs file: which two pictures, and whether they show one person.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context as _, bail};

/// Folds that the pairs are cut into where the file does not say: LFW's number.
pub const FOLDS: usize = 10;

/// One line of the pairs file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// A picture, relative to the folder of pictures.
    pub a: String,
    /// The other.
    pub b: String,
    /// Whether both show one person.
    pub same: bool,
    /// The part that it is judged in, from 0.
    pub fold: usize,
    /// Where it stands in the file, from 1.
    pub line: usize,
}

/// Every pair, and how many folds they fall into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs {
    /// In the order of the file.
    pub list: Vec<Pair>,
    /// At least two.
    pub folds: usize,
    /// Whether the file says the folds.
    pub folds_given: bool,
}

/// Where the columns stand.
struct Columns {
    a: usize,
    b: usize,
    same: usize,
    fold: Option<usize>,
    count: usize,
}

/// Reads a CSV with the columns `a`, `b`, `same` (1 or 0) and perhaps `fold` (a whole number).
///
/// # Errors
/// Names the line that is wrong and what is wrong with it.
pub fn read(path: &Path) -> anyhow::Result<Pairs> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    parse(&text).with_context(|| path.display().to_string())
}

fn parse(text: &str) -> anyhow::Result<Pairs> {
    let mut lines = text.lines().enumerate().map(|(i, line)| (i + 1, line.trim()));
    let (_, header) = lines.next().context("the file is empty; its first line must name the columns")?;
    let columns = columns(header.trim_start_matches('\u{feff}'))?;
    let mut list = vec![];
    for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
        list.push(pair(&columns, number, line).with_context(|| format!("line {number}: `{line}`"))?);
    }
    if list.is_empty() {
        bail!("there are no pairs in it");
    }
    let folds = if columns.fold.is_some() { renumber(&mut list)? } else { cut(&mut list)? };
    Ok(Pairs { list, folds, folds_given: columns.fold.is_some() })
}

fn columns(header: &str) -> anyhow::Result<Columns> {
    let names: Vec<&str> = header.split(',').map(str::trim).collect();
    if let Some(unknown) = names.iter().find(|name| !["a", "b", "same", "fold"].contains(name)) {
        bail!("line 1: `{unknown}` is no column of a pairs file; those are a, b, same and, if wanted, fold");
    }
    let find = |name: &str| names.iter().position(|other| *other == name);
    let need = |name: &str| find(name).with_context(|| format!("line 1: the column `{name}` is missing"));
    let columns =
        Columns { a: need("a")?, b: need("b")?, same: need("same")?, fold: find("fold"), count: names.len() };
    if names.iter().collect::<BTreeSet<_>>().len() != names.len() {
        bail!("line 1: a column is there twice");
    }
    Ok(columns)
}

fn pair(columns: &Columns, line: usize, text: &str) -> anyhow::Result<Pair> {
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    if fields.len() != columns.count {
        bail!("{} fields instead of {}", fields.len(), columns.count);
    }
    let picture = |at: usize| match fields[at] {
        "" => bail!("a picture has no name"),
        name => Ok(name.to_owned()),
    };
    let same = match fields[columns.same] {
        "1" => true,
        "0" => false,
        other => bail!("same is `{other}`; 1 means one person, 0 two"),
    };
    let fold = match columns.fold.map(|at| fields[at]) {
        Some(text) => text.parse().with_context(|| format!("fold is `{text}`, not a whole number"))?,
        None => 0,
    };
    Ok(Pair { a: picture(columns.a)?, b: picture(columns.b)?, same, fold, line })
}

/// Numbers the folds that the file names from 0 on; answers how many there are.
fn renumber(list: &mut [Pair]) -> anyhow::Result<usize> {
    let names: Vec<usize> = list.iter().map(|pair| pair.fold).collect::<BTreeSet<_>>().into_iter().collect();
    if names.len() < 2 {
        bail!("all pairs are in one fold; each fold is judged by the others, so there must be two or more");
    }
    for pair in list {
        pair.fold = names.partition_point(|name| *name < pair.fold);
    }
    Ok(names.len())
}

/// Cuts the genuine and the impostor pairs into consecutive folds.
fn cut(list: &mut [Pair]) -> anyhow::Result<usize> {
    let count = |same: bool| list.iter().filter(|pair| pair.same == same).count();
    let totals = [count(false), count(true)];
    if totals.iter().any(|&total| total < FOLDS) {
        bail!("{FOLDS} folds need at least {FOLDS} pairs of each kind; name the folds in a column `fold`");
    }
    let mut seen = [0, 0];
    for pair in list {
        let kind = usize::from(pair.same);
        pair.fold = seen[kind] * FOLDS / totals[kind];
        seen[kind] += 1;
    }
    Ok(FOLDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", parse(text).expect_err(text))
    }

    fn lines(same: usize, different: usize) -> String {
        let line = |same: u8| move |i: usize| format!("x/{i}.jpg,y/{i}.jpg,{same}\n");
        let list: String = (0..same).map(line(1)).chain((0..different).map(line(0))).collect();
        format!("a,b,same\n{list}")
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        assert!(error("").contains("empty"));
        assert!(error("a,b,same\n").contains("no pairs"));
        assert!(error("a,b\nx,y\n").contains("`same` is missing"));
        assert!(error("a,b,same,score\n").contains("`score` is no column"));
        assert!(error("a,b,same,same\n").contains("twice"));
        let second = error("a,b,same\nx/1,y/2,1\nx/1,y/2\n");
        assert!(second.contains("line 3") && second.contains("2 fields instead of 3"), "{second}");
        assert!(error("a,b,same\nx/1,y/2,yes\n").contains("line 2"));
        assert!(error("a,b,same\n,y/2,1\n").contains("no name"));
        assert!(error("a,b,same,fold\nx/1,y/2,1,one\n").contains("not a whole number"));
        assert!(error("a,b,same,fold\nx/1,y/2,1,1\nx/1,z/2,0,1\n").contains("one fold"));
        assert!(error("a,b,same\nx/1,y/2,1\n").contains("at least 10"));
    }

    #[test]
    fn folds_without_a_column_are_consecutive_and_even() {
        let pairs = parse(&lines(20, 30)).expect("pairs");
        for fold in 0..FOLDS {
            let of = |same: bool| pairs.list.iter().filter(|p| p.fold == fold && p.same == same).count();
            assert_eq!((of(true), of(false)), (2, 3));
        }
        assert!(pairs.list[..20].is_sorted_by_key(|pair| pair.fold));
    }

    #[test]
    fn the_files_own_folds_and_any_order_of_columns_are_taken() {
        let pairs = parse("fold,same,b,a\n7,1,x/2,x/1\n\n3,0,y/1,x/1\n").expect("pairs");
        assert_eq!((pairs.folds, pairs.folds_given), (2, true));
        assert_eq!((pairs.list[0].a.as_str(), pairs.list[0].fold, pairs.list[0].line), ("x/1", 1, 2));
        assert_eq!((pairs.list[1].same, pairs.list[1].fold, pairs.list[1].line), (false, 0, 4));
    }
}
