//! Whether a picture shows something else than the one before, told from a few hundred grey cells.

/// Cells across a picture that is looked at.
pub const ACROSS: u32 = 48;
/// Cells down.
pub const DOWN: u32 = 36;
/// By how much a cell's brightness (0 to 255) must differ to count as changed: more than noise and a lamp's flicker.
const LEVELS: i16 = 24;
/// Share of the cells that must change; a person at the door takes up a tenth and more.
const SHARE: f64 = 0.015;

/// The picture before.
#[derive(Debug, Default)]
pub struct Scene {
    cells: Vec<u8>,
}

impl Scene {
    /// Takes the next picture (RGBA, [`ACROSS`] × [`DOWN`]); true where it differs. The first one does.
    pub fn moved(&mut self, rgba: &[u8]) -> bool {
        let cells = grey(rgba);
        let changed = cells.iter().zip(&self.cells);
        let changed =
            changed.filter(|(new, old)| (i16::from(**new) - i16::from(**old)).abs() > LEVELS).count();
        let moved = cells.len() != self.cells.len() || changed as f64 > SHARE * cells.len() as f64;
        self.cells = cells;
        moved
    }
}

/// Brightness of RGBA pixels, by the weights of ITU-R BT.601 in 256ths.
pub fn grey(rgba: &[u8]) -> Vec<u8> {
    let luma = |pixel: &[u8]| {
        let [red, green, blue] = [0, 1, 2].map(|at| u32::from(pixel[at]));
        ((77 * red + 150 * green + 29 * blue) >> 8) as u8
    };
    rgba.chunks_exact(4).map(luma).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(level: u8) -> Vec<u8> {
        [level, level, level, 255].repeat((ACROSS * DOWN) as usize)
    }

    #[test]
    fn brightness_keeps_black_and_white() {
        assert_eq!(grey(&[0, 0, 0, 255, 255, 255, 255, 255]), [0, 255]);
        assert!(grey(&[0, 255, 0, 255]) > grey(&[0, 0, 255, 255]));
    }

    #[test]
    fn a_person_moves_and_noise_does_not() {
        let mut scene = Scene::default();
        assert!(scene.moved(&picture(100)), "the first picture");
        assert!(!scene.moved(&picture(100)));
        assert!(!scene.moved(&picture(110)), "a cloud before the sun");
        let mut person = picture(110);
        let tenth = person.len() / 10;
        person[..tenth].fill(200);
        assert!(scene.moved(&person));
        assert!(!scene.moved(&person));
        let mut fly = person.clone();
        fly[4000..4020].fill(0);
        assert!(!scene.moved(&fly), "five cells are no person");
    }
}
