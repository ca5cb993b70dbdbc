//! Thirty people far away in one picture.

#[path = "support/class_photo.rs"]
mod class_photo;
mod support;

use class_photo::{FACES, compose, images, portraits};
use recognizer::{
    decode::read_header,
    pipeline::{Options, Pipeline},
    startup,
};
use types::Range;

#[test]
fn thirty_faces_of_forty_pixels_are_found() {
    let (Some(models), Some(images)) = (support::models(), images()) else { return };
    let environment = startup::open_runtime(&models.ort).expect("runtime");
    let pack = startup::open_pack(&models).expect("pack");
    let mut pipeline = Pipeline::load(&environment, &pack).expect("networks");
    let photo = compose(&portraits(&mut pipeline, &images, 0), 40.0);
    let bytes = support::jpeg(&photo.picture);
    let header = read_header(&bytes).expect("a picture");
    let options = Options { range: Range::Far, ..Options::default() };
    let answer = pipeline.analyse(&bytes, header, options, None).expect("faces");
    let boxes: Vec<_> = answer.faces.iter().map(|face| face.bounding_box).collect();
    let tally = photo.tally(&boxes);
    assert!(tally.found >= FACES - 1, "{tally:?}");
    assert_eq!(tally.other, 0, "boxes where there is no face: {tally:?}");
}
