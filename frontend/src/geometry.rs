//! Where things lie on the screen: a picture inside its tile, a face box in device pixels, a label above it.

use types::BoundingBox;

/// A rectangle in CSS pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rect {
    /// Left edge.
    pub x: f64,
    /// Top edge.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

impl Rect {
    /// Whether the point lies inside.
    pub fn contains(&self, x: f64, y: f64) -> bool {
        x >= self.x && x <= self.x + self.width && y >= self.y && y <= self.y + self.height
    }

    /// Whether the two have an area in common.
    pub fn meets(&self, other: &Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }

    /// The rectangle between `self` (at 0) and `other` (at 1).
    pub fn towards(&self, other: &Self, share: f64) -> Self {
        let mix = |a: f64, b: f64| a + (b - a) * share;
        Self {
            x: mix(self.x, other.x),
            y: mix(self.y, other.y),
            width: mix(self.width, other.width),
            height: mix(self.height, other.height),
        }
    }

    /// Edges moved to whole device pixels, so that a thin line stays one crisp line.
    pub fn snapped(&self, pixel_ratio: f64) -> Self {
        let snap = |v: f64| (v * pixel_ratio).round() / pixel_ratio;
        let (left, top) = (snap(self.x), snap(self.y));
        let (right, bottom) = (snap(self.x + self.width), snap(self.y + self.height));
        Self { x: left, y: top, width: right - left, height: bottom - top }
    }
}

/// How a picture of one size is shown whole in an area of another (`object-fit: contain`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    scale: f64,
    left: f64,
    top: f64,
}

impl Fit {
    /// `None` while either size is unknown (zero).
    pub fn contain(picture: (f64, f64), area: (f64, f64)) -> Option<Self> {
        if picture.0 <= 0.0 || picture.1 <= 0.0 || area.0 <= 0.0 || area.1 <= 0.0 {
            return None;
        }
        let scale = (area.0 / picture.0).min(area.1 / picture.1);
        Some(Self {
            scale,
            left: (area.0 - picture.0 * scale) / 2.0,
            top: (area.1 - picture.1 * scale) / 2.0,
        })
    }

    /// A box in picture pixels, as it lies on the screen.
    pub fn place(&self, bounding: &BoundingBox) -> Rect {
        Rect {
            x: self.left + f64::from(bounding.x) * self.scale,
            y: self.top + f64::from(bounding.y) * self.scale,
            width: f64::from(bounding.width) * self.scale,
            height: f64::from(bounding.height) * self.scale,
        }
    }
}

/// Where a label of `size` goes: above the box, else below it, else a little further off, so that it covers none of
/// the labels in `taken`; inside the area always.
pub fn label_place(face: &Rect, size: (f64, f64), area: (f64, f64), gap: f64, taken: &[Rect]) -> Rect {
    let x = face.x.min(area.0 - size.0).max(0.0);
    let at = |y: f64| Rect { x, y, width: size.0, height: size.1 };
    let (above, below) = (face.y - gap - size.1, face.y + face.height + gap);
    let steps = (0..4).map(|step| f64::from(step) * (size.1 + 2.0));
    let places = steps.flat_map(|step| [above - step, below + step]);
    let inside = places.map(at).filter(|place| place.y >= 0.0 && place.y + place.height <= area.1);
    let free = inside.clone().find(|place| !taken.iter().any(|other| place.meets(other)));
    free.or_else(|| inside.clone().next()).unwrap_or_else(|| at(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACE: BoundingBox = BoundingBox { x: 100.0, y: 50.0, width: 200.0, height: 250.0 };

    #[test]
    fn a_narrow_picture_is_centred_across() {
        let fit = Fit::contain((640.0, 480.0), (1280.0, 720.0)).expect("sizes are known");
        assert_eq!(fit.place(&FACE), Rect { x: 310.0, y: 75.0, width: 300.0, height: 375.0 });
    }

    #[test]
    fn a_flat_picture_is_centred_down() {
        let fit = Fit::contain((1000.0, 250.0), (500.0, 500.0)).expect("sizes are known");
        assert_eq!(fit.place(&FACE), Rect { x: 50.0, y: 212.5, width: 100.0, height: 125.0 });
    }

    #[test]
    fn nothing_is_placed_before_sizes_are_known() {
        assert_eq!(Fit::contain((0.0, 480.0), (100.0, 100.0)), None);
        assert_eq!(Fit::contain((640.0, 480.0), (100.0, 0.0)), None);
    }

    #[test]
    fn edges_fall_on_device_pixels() {
        let rect = Rect { x: 10.3, y: 10.6, width: 20.2, height: 20.2 }.snapped(2.0);
        assert_eq!(rect, Rect { x: 10.5, y: 10.5, width: 20.0, height: 20.5 });
    }

    #[test]
    fn a_label_stays_inside() {
        let place = |face: &Rect, width: f64, taken: &[Rect]| {
            let at = label_place(face, (width, 20.0), (400.0, 300.0), 4.0, taken);
            (at.x, at.y)
        };
        let face = Rect { x: 350.0, y: 100.0, width: 80.0, height: 100.0 };
        assert_eq!(place(&face, 120.0, &[]), (280.0, 76.0));
        let high = Rect { y: 10.0, ..face };
        assert_eq!(place(&high, 40.0, &[]), (350.0, 114.0), "below where there is no room above");
        let tall = Rect { y: 0.0, height: 300.0, ..face };
        assert_eq!(place(&tall, 40.0, &[]), (350.0, 0.0), "over the face where there is none at all");
    }

    #[test]
    fn a_label_makes_way_for_another() {
        let face = Rect { x: 100.0, y: 100.0, width: 80.0, height: 80.0 };
        let first = label_place(&face, (90.0, 20.0), (400.0, 300.0), 4.0, &[]);
        let second = label_place(&face, (90.0, 20.0), (400.0, 300.0), 4.0, &[first]);
        assert_eq!((first.y, second.y), (76.0, 184.0));
        let third = label_place(&face, (90.0, 20.0), (400.0, 300.0), 4.0, &[first, second]);
        assert_eq!(third.y, 54.0);
        assert!(!third.meets(&first) && !third.meets(&second));
    }

    #[test]
    fn halfway_is_in_the_middle() {
        let a = Rect { x: 0.0, y: 0.0, width: 10.0, height: 10.0 };
        let b = Rect { x: 10.0, y: 20.0, width: 20.0, height: 30.0 };
        assert_eq!(a.towards(&b, 0.5), Rect { x: 5.0, y: 10.0, width: 15.0, height: 20.0 });
        assert!(a.contains(10.0, 0.0) && !a.contains(10.1, 0.0));
    }
}
