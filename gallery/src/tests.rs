use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// What a search must find: every template of everybody, scored one by one.
fn plain(people: &BTreeMap<u8, Vec<Vec<f32>>>, probe: &[f32], count: usize) -> Vec<Candidate<u8>> {
    let gallery = Gallery::<u8>::new(probe.len());
    let unit = |vector: &[f32]| gallery.unit_vector(vector).expect("a direction");
    let probe = unit(probe);
    let score = |template: &Vec<f32>| dot(&probe, &unit(template)).clamp(-1.0, 1.0);
    let best = |templates: &Vec<Vec<f32>>| templates.iter().map(score).max_by(f32::total_cmp);
    let mut found: Vec<Candidate<u8>> = people
        .iter()
        .filter_map(|(&person, templates)| Some(Candidate { person, score: best(templates)? }))
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.person.cmp(&b.person)));
    found.truncate(count);
    found
}

/// Numbers that make ties, and vectors of which one number is nearly all.
fn number() -> impl Strategy<Value = f32> {
    prop_oneof![8 => -1.0f32..1.0, 2 => Just(0.5f32), 1 => -200.0f32..200.0, 1 => Just(1e-6f32)]
}

fn vector(dimensions: usize) -> impl Strategy<Value = Vec<f32>> {
    prop::collection::vec(number(), dimensions)
        .prop_filter("a direction", |vector| vector.iter().any(|value| *value != 0.0))
}

/// Puts (a person and their templates) or removes (a person and none).
type Steps = Vec<(u8, Vec<Vec<f32>>)>;

/// A number of dimensions with steps and probes in it.
fn cases() -> impl Strategy<Value = (usize, Steps, Vec<Vec<f32>>)> {
    (1usize..70).prop_flat_map(|dimensions| {
        let templates = prop::collection::vec(vector(dimensions), 0..4);
        (
            Just(dimensions),
            prop::collection::vec((0u8..60, templates), 1..120),
            prop::collection::vec(vector(dimensions), 1..12),
        )
    })
}

proptest! {
    /// Whatever is put and removed, with every kernel that this processor has, each of many probes finds
    /// exactly what a plain scan over the same templates finds, and alone finds the same.
    #[test]
    fn search_agrees_with_a_plain_scan((dimensions, steps, probes) in cases(), count in 0usize..9) {
        for kernel in Kernel::all() {
            let mut gallery = Gallery::with_kernel(dimensions, kernel);
            let mut people: BTreeMap<u8, Vec<Vec<f32>>> = BTreeMap::new();
            for (person, templates) in &steps {
                gallery.set(*person, templates).expect("set");
                if templates.is_empty() {
                    people.remove(person);
                } else {
                    people.insert(*person, templates.clone());
                }
            }
            prop_assert_eq!(gallery.people(), people.len());
            prop_assert_eq!(gallery.templates(), people.values().map(Vec::len).sum::<usize>());
            prop_assert!((0..60).all(|person| gallery.contains(person) == people.contains_key(&person)));
            let expected: Vec<_> = probes.iter().map(|probe| plain(&people, probe, count)).collect();
            prop_assert_eq!(&gallery.search_many(&probes, count).expect("search"), &expected);
            prop_assert_eq!(&gallery.search(&probes[0], count).expect("search"), &expected[0]);
        }
    }

    /// A row whose score is the bar itself is never passed over, however its numbers are spread.
    #[test]
    fn a_row_that_reaches_the_bar_is_a_hit(
        (rows, probe) in prop_oneof![Just(128usize), Just(200), Just(512)]
            .prop_flat_map(|dimensions| (prop::collection::vec(vector(dimensions), 16), vector(dimensions))),
    ) {
        for kernel in Kernel::all() {
            let mut gallery = Gallery::with_kernel(probe.len(), kernel);
            gallery.set(0, &rows).expect("set");
            let probe = gallery.unit_vector(&probe).expect("a direction");
            let batch = Batch::<1>::new(std::slice::from_ref(&probe));
            let panels = gallery.codes.runs(1).next().expect("sixteen rows");
            for row in 0..rows.len() {
                let mut hits = [[0]];
                batch.scan(kernel, panels, [gallery.score(&probe, row)], &mut hits);
                prop_assert!(hits[0][0] & (1 << row) != 0, "row {} with {:?}", row, kernel);
            }
        }
    }

    #[test]
    fn a_dot_product_is_the_sum_of_products(
        pairs in prop::collection::vec((-1.0f32..1.0, -1.0f32..1.0), 0..600),
    ) {
        let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let expected: f64 = a.iter().zip(&b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum();
        prop_assert!((f64::from(dot(&a, &b)) - expected).abs() < 1e-4);
    }
}

/// Numbers around zero that look random, the same every time.
fn noise(seed: u64) -> impl Iterator<Item = f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    })
}

/// A picture of a person, of whom there are thousands in groups that look alike; all share a direction.
fn picture(person: u64, picture: u64, common: f32) -> Vec<f32> {
    let part = |weight: f32, seed: u64| noise(seed).take(128).map(move |value| weight * value);
    let own = part(0.8, person + 1_000).zip(part(0.5, (person << 8 | picture) + 1_000_000));
    let shared = part(common, 1).zip(part(0.6, person % 40 + 100));
    own.zip(shared).map(|((a, b), (c, d))| a + b + c + d).collect()
}

#[test]
fn passing_over_rows_changes_nothing_that_is_found() {
    for common in [0.0, 2.0] {
        let probes: Vec<Vec<f32>> = (0..24).map(|n| picture(n * 331, 9, common)).collect();
        let found_with = |kernel| {
            let mut gallery = Gallery::<u64>::with_kernel(128, kernel);
            for person in 0..4_000 {
                let pictures: Vec<Vec<f32>> =
                    (0..1 + person % 2).map(|n| picture(person, n, common)).collect();
                gallery.set(person, &pictures).expect("set");
            }
            for person in (0..4_000).step_by(7) {
                gallery.remove(person);
            }
            gallery.search_many(&probes, 8).expect("search")
        };
        let expected = found_with(Kernel::Exhaustive);
        for kernel in Kernel::all() {
            assert_eq!(found_with(kernel), expected, "{kernel:?}, common part {common}");
        }
    }
}

#[test]
fn the_scan_passes_over_nearly_everything() {
    let mut gallery = Gallery::<u64>::new(128);
    if matches!(gallery.kernel, Kernel::Exhaustive) {
        eprintln!("skipped: this processor has no instructions that there is a scan for");
        return;
    }
    for person in 0..4096 {
        gallery.set(person, &[noise(person).take(128).collect()]).expect("set");
    }
    let probe = gallery.unit_vector(&noise(5000).take(128).collect::<Vec<f32>>()).expect("a direction");
    let best = gallery.search(&probe, 1).expect("search")[0].score;
    let batch = Batch::<1>::new(&[probe]);
    let mut hits = [[0]; 1];
    let mut count = 0;
    for panels in gallery.codes.runs(1) {
        batch.scan(gallery.kernel, panels, [best], &mut hits);
        count += hits[0][0].count_ones();
    }
    assert!((1..40).contains(&count), "{count} of 4096 rows near the best");
}

#[test]
fn the_best_template_of_a_person_counts() {
    let mut gallery = Gallery::new(2);
    gallery.set(1, &[vec![1.0, 0.0], vec![0.0, 1.0]]).expect("set");
    gallery.set(2, &[vec![1.0, 1.0]]).expect("set");
    let found = gallery.search(&[0.0, 1.0], 5).expect("search");
    assert_eq!(found.iter().map(|c| c.person).collect::<Vec<_>>(), [1, 2]);
    assert!((found[0].score - 1.0).abs() < 1e-6 && (found[1].score - 0.5f32.sqrt()).abs() < 1e-6);
    assert_eq!((gallery.people(), gallery.templates()), (2, 3));
}

#[test]
fn equal_scores_are_told_in_the_order_of_the_people() {
    let template = vec![vec![0.6, 0.8]];
    for order in [[3, 1, 2], [2, 3, 1], [1, 2, 3]] {
        let mut gallery = Gallery::new(2);
        for person in order {
            gallery.set(person, &template).expect("set");
        }
        let found = gallery.search(&[1.0, 1.0], 2).expect("search");
        assert_eq!(found.iter().map(|c| c.person).collect::<Vec<_>>(), [1, 2], "put in the order {order:?}");
    }
}

#[test]
fn what_cannot_be_compared_is_refused_and_changes_nothing() {
    let mut gallery = Gallery::new(3);
    gallery.set('a', &[vec![1.0, 0.0, 0.0]]).expect("set");
    let short = Refused::WrongLength { expected: 3, found: 1 };
    let cases: [(&[f32], Refused); 4] = [
        (&[1.0], short),
        (&[0.0, 0.0, 0.0], Refused::NoDirection),
        (&[1.0, f32::NAN, 0.0], Refused::NoDirection),
        (&[1.0, f32::INFINITY, 0.0], Refused::NoDirection),
    ];
    for (vector, refused) in cases {
        assert_eq!(gallery.search(vector, 1), Err(refused));
        assert_eq!(gallery.search_many(&[&[1.0, 0.0, 0.0], vector], 1), Err(refused));
        assert_eq!(gallery.set('a', &[vec![0.0, 1.0, 0.0], vector.to_vec()]), Err(refused));
        assert_eq!(gallery.set('b', &[vector.to_vec()]), Err(refused));
    }
    assert_eq!((gallery.people(), gallery.contains('b')), (1, false));
    assert_eq!(gallery.search(&[2.0, 0.0, 0.0], 1), Ok(vec![Candidate { person: 'a', score: 1.0 }]));
}
