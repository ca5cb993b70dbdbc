//! Whether the photos of one enrolment show one face, pure.

use recognizer_types::{OperatingPoint, PackView};

/// Share of comparisons of two different people that may pass for one face here. The threshold of recognition
/// stands at 1e-4 and refuses many a single picture of the right person; a person is enrolled once, so a laxer
/// one catches nearly every mixed-up photo and hardly ever refuses a right one.
const FALSE_MATCH_RATE: f64 = 0.01;

/// Least comparison score at which two photos count as one person's: the least measured threshold whose false
/// match rate is at most 1 %. Where a pack measured none, the lower edge of its uncertain band.
pub fn same_face_threshold(pack: &PackView) -> f32 {
    least_measured(&pack.operating_points).unwrap_or(pack.threshold - pack.margin)
}

fn least_measured(points: &[OperatingPoint]) -> Option<f32> {
    let points = points.iter().filter(|point| point.false_match_rate <= FALSE_MATCH_RATE);
    points.map(|point| point.threshold).min_by(f32::total_cmp)
}

/// Cosine of two vectors of unit length.
pub fn score(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}

/// Why a photo is an outlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlier {
    /// It is none of the person whose photos are stored.
    NotAsStored,
    /// It is none of the person whom most photos show.
    NotAsTheRest,
    /// No more than half of the photos agree, so that nobody can tell whose the others should be.
    NoneAgree,
}

impl Outlier {
    /// One sentence: what is wrong and what to do.
    pub fn advice(self) -> &'static str {
        match self {
            Self::NotAsStored => {
                "This is not the face in the photos that are stored: use photos of this person alone."
            }
            Self::NotAsTheRest => {
                "This is not the face in the other photos: leave it out or use another of this person."
            }
            Self::NoneAgree => "These photos do not show one face: use photos of this person alone.",
        }
    }
}

/// Which of `photos` are not of the person whom the rest shows, by place, with the reason.
///
/// Where photos are `stored`, the nearest of them counts, as in recognition. Among new photos alone the one that
/// is nearest to all others (the medoid) is the measure, provided that more than half of them agree with it.
pub fn outliers(photos: &[&[f32]], stored: &[Vec<f32>], threshold: f32) -> Vec<(usize, Outlier)> {
    if !stored.is_empty() {
        let like_stored = |photo: &[f32]| stored.iter().any(|known| score(photo, known) >= threshold);
        let places = (0..photos.len()).filter(|&place| !like_stored(photos[place]));
        return places.map(|place| (place, Outlier::NotAsStored)).collect();
    }
    let nearness = |photo: &[f32]| photos.iter().map(|other| score(photo, other)).sum::<f32>();
    let Some(medoid) = photos.iter().max_by(|a, b| nearness(a).total_cmp(&nearness(b))) else {
        return Vec::new();
    };
    let agrees = |photo: &[f32]| score(photo, medoid) >= threshold;
    let agreeing = photos.iter().filter(|photo| agrees(photo)).count();
    if agreeing * 2 <= photos.len() {
        return (0..photos.len()).map(|place| (place, Outlier::NoneAgree)).collect();
    }
    let places = (0..photos.len()).filter(|&place| !agrees(photos[place]));
    places.map(|place| (place, Outlier::NotAsTheRest)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A unit vector at `degrees` in a plane: the cosine of two is that of the angle between them.
    fn at(degrees: f32) -> Vec<f32> {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        vec![cosine, sine]
    }

    fn found(photos: &[f32], stored: &[f32]) -> Vec<(usize, Outlier)> {
        let photos: Vec<Vec<f32>> = photos.iter().map(|degrees| at(*degrees)).collect();
        let photos: Vec<&[f32]> = photos.iter().map(Vec::as_slice).collect();
        let stored: Vec<Vec<f32>> = stored.iter().map(|degrees| at(*degrees)).collect();
        outliers(&photos, &stored, 0.5)
    }

    #[test]
    fn the_odd_one_out_is_named_where_most_agree_and_all_where_they_do_not() {
        use Outlier::{NoneAgree, NotAsStored, NotAsTheRest};
        assert_eq!(found(&[], &[]), []);
        assert_eq!(found(&[10.0], &[]), []);
        assert_eq!(found(&[0.0, 50.0], &[]), [], "60 degrees are allowed");
        assert_eq!(found(&[0.0, 90.0], &[]), [(0, NoneAgree), (1, NoneAgree)]);
        assert_eq!(found(&[0.0, 120.0, 10.0], &[]), [(1, NotAsTheRest)]);
        assert_eq!(found(&[0.0, 40.0, 80.0], &[]), [], "the middle one is near to both");
        assert_eq!(found(&[0.0, 5.0, 120.0, 125.0], &[]).len(), 4, "two against two");
        assert_eq!(found(&[0.0, 120.0, 125.0], &[10.0]), [(1, NotAsStored), (2, NotAsStored)]);
        assert_eq!(found(&[100.0], &[0.0, 90.0]), [], "near to one of those stored");
    }

    #[test]
    fn the_threshold_is_the_laxest_measured_one_that_keeps_to_the_rate() {
        let point = |threshold, false_match_rate| OperatingPoint {
            threshold,
            false_match_rate,
            false_non_match_rate: 0.1,
        };
        let measured = [point(0.3, 0.05), point(0.4, 0.01), point(0.6, 1e-4)];
        assert_eq!(least_measured(&measured), Some(0.4));
        assert_eq!(least_measured(&measured[..1]), None);
    }

    proptest! {
        /// Photos of which any two agree are all kept, and a photo never counts against itself alone.
        #[test]
        fn photos_that_agree_are_kept(degrees in prop::collection::vec(0.0f32..59.0, 1..10)) {
            prop_assert_eq!(found(&degrees, &[]), []);
        }

        /// One photo of somebody else among three or more is found wherever it lies.
        #[test]
        fn one_stranger_is_found(degrees in prop::collection::vec(0.0f32..50.0, 2..9), place in 0usize..9) {
            let place = place.min(degrees.len());
            let mut degrees = degrees;
            degrees.insert(place, 180.0);
            prop_assert_eq!(found(&degrees, &[]), [(place, Outlier::NotAsTheRest)]);
        }
    }
}
