//! How a head is held, from the face mesh.
//!
//! The mesh is three-dimensional: depth grows away from the camera, in the same units as the other two axes.
//! Pairs of mirror points give the head's axis from left to right, pairs of points one above the other its axis
//! downwards; sums over several pairs and over points far from the mouth make both insensitive to faces that
//! are pulled and to noise. Made orthonormal (Gram and Schmidt), they are the columns of the head's rotation,
//! which is taken apart in the order tilt, turn, nod (`R = Rz·Ry·Rx`): turn and nod are measured in the head's
//! own frame, whatever its tilt. Which points they are stands in the pack ([`PosePoints`]).
//!
//! Eye openness is the eye aspect ratio (Soukupová and Čech, "Real-time eye blink detection using facial
//! landmarks", 2016): mean height between the lids over the width between the corners.

use models::pack::{EyePoints, PosePoints};
use recognizer_types::HeadPose;

type Vector = [f32; 3];

/// How the head is held whose `mesh` lies in pixels of the frame; None where the pack names points that the
/// mesh does not have, or its points do not span a head.
pub fn head_pose(mesh: &[Vector], points: &PosePoints) -> Option<HeadPose> {
    let across = unit(sum_of_pairs(mesh, &points.across)?)?;
    let down = sum_of_pairs(mesh, &points.down)?;
    // Into the head: right × down = away from the camera.
    let inwards = unit(cross(across, down))?;
    let down = cross(inwards, across);

    let degrees = |radians: f32| radians.to_degrees();
    Some(HeadPose {
        // Seen from the camera, the person's own left is on the right. There the nose goes when the right half
        // of the face goes away from the camera.
        yaw: degrees(across[2].clamp(-1.0, 1.0).asin()),
        // Upwards, the chin comes nearer than the forehead.
        pitch: degrees((-down[2]).atan2(inwards[2])),
        roll: degrees(across[1].atan2(across[0])),
        left_eye: openness(mesh, &points.left_eye)?,
        right_eye: openness(mesh, &points.right_eye)?,
    })
}

/// Mean height over width.
fn openness(mesh: &[Vector], eye: &EyePoints) -> Option<f32> {
    let distance = |[a, b]: [usize; 2]| Some(length(minus(*mesh.get(b)?, *mesh.get(a)?)));
    let heights = eye.lids.iter().map(|&pair| distance(pair)).collect::<Option<Vec<f32>>>()?;
    let height = heights.iter().sum::<f32>() / heights.len() as f32;
    let openness = height / distance(eye.corners)?;
    openness.is_finite().then_some(openness)
}

fn sum_of_pairs(mesh: &[Vector], pairs: &[[usize; 2]]) -> Option<Vector> {
    pairs.iter().try_fold([0.0; 3], |sum, &[from, to]| {
        let step = minus(*mesh.get(to)?, *mesh.get(from)?);
        Some([0, 1, 2].map(|axis| sum[axis] + step[axis]))
    })
}

fn minus(a: Vector, b: Vector) -> Vector {
    [0, 1, 2].map(|axis| a[axis] - b[axis])
}

fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn length(a: Vector) -> f32 {
    a.iter().map(|number| number * number).sum::<f32>().sqrt()
}

fn unit(a: Vector) -> Option<Vector> {
    let length = length(a);
    (length.is_finite() && length > 0.0).then(|| a.map(|number| number / length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points() -> PosePoints {
        PosePoints {
            across: vec![[0, 1], [2, 3]],
            down: vec![[4, 5]],
            left_eye: EyePoints { corners: [0, 6], lids: vec![[7, 8]] },
            right_eye: EyePoints { corners: [9, 1], lids: vec![[10, 11]] },
        }
    }

    /// A head that looks straight at the camera, eyes open by a third and by a fifth.
    fn head() -> Vec<Vector> {
        vec![
            [-45.0, 0.0, 10.0],
            [45.0, 0.0, 10.0],
            [-70.0, 5.0, 60.0],
            [70.0, 5.0, 60.0],
            [0.0, -60.0, 0.0],
            [0.0, 80.0, 0.0],
            [-15.0, 0.0, 10.0],
            [-30.0, -5.0, 10.0],
            [-30.0, 5.0, 10.0],
            [15.0, 0.0, 10.0],
            [30.0, -3.0, 10.0],
            [30.0, 3.0, 10.0],
        ]
    }

    /// Nods, then turns, then tilts a head as the person would: positive up, to the own left, to the own left
    /// shoulder.
    fn rotated(mesh: &[Vector], yaw: f32, pitch: f32, roll: f32) -> Vec<Vector> {
        let turn = |(a, b): (f32, f32), degrees: f32| {
            let (sin, cos) = degrees.to_radians().sin_cos();
            (a * cos - b * sin, a * sin + b * cos)
        };
        let one = |&[x, y, z]: &Vector| {
            // Chin (y > 0) to the camera (z < 0).
            let (y, z) = turn((y, z), -pitch);
            // The right side (x > 0) away from the camera.
            let (x, z) = turn((x, z), yaw);
            // The right side down.
            let (x, y) = turn((x, y), roll);
            [x + 320.0, y + 240.0, z]
        };
        mesh.iter().map(one).collect()
    }

    #[test]
    fn eyes_are_as_open_as_they_are() {
        let pose = head_pose(&head(), &points()).expect("a head");
        assert!((pose.left_eye - 1.0 / 3.0).abs() < 1e-6 && (pose.right_eye - 0.2).abs() < 1e-6, "{pose:?}");
    }

    #[test]
    fn the_nose_goes_where_the_sign_says() {
        let nose = [[0.0, 10.0, -40.0]];
        let at = |yaw, pitch| rotated(&nose, yaw, pitch, 0.0)[0];
        assert!(at(20.0, 0.0)[0] > 320.0, "the own left is on the right of the picture");
        assert!(at(0.0, 20.0)[1] < at(0.0, 0.0)[1], "up is up");
        let crown = rotated(&[[0.0, -100.0, 0.0]], 0.0, 0.0, 20.0)[0];
        assert!(crown[0] > 320.0, "to the own left shoulder");
    }

    #[test]
    fn a_mesh_without_the_points_has_no_pose() {
        assert_eq!(head_pose(&head()[..8], &points()), None);
        assert_eq!(head_pose(&[[1.0; 3]; 12], &points()), None, "all in one place");
        assert_eq!(head_pose(&[[f32::NAN; 3]; 12], &points()), None);
    }

    proptest! {
        #[test]
        fn known_angles_are_found_again(
            yaw in -60.0f32..60.0, pitch in -60.0f32..60.0, roll in -60.0f32..60.0,
        ) {
            let pose = head_pose(&rotated(&head(), yaw, pitch, roll), &points()).expect("a head");
            prop_assert!((pose.yaw - yaw).abs() < 0.01, "{pose:?}");
            prop_assert!((pose.pitch - pitch).abs() < 0.01, "{pose:?}");
            prop_assert!((pose.roll - roll).abs() < 0.01, "{pose:?}");
        }

        #[test]
        fn in_a_mirror_turn_and_tilt_change_their_sign(
            yaw in -50.0f32..50.0, pitch in -50.0f32..50.0, roll in -50.0f32..50.0,
        ) {
            let seen = rotated(&head(), yaw, pitch, roll);
            let mirrored: Vec<Vector> = seen.iter().map(|&[x, y, z]| [640.0 - x, y, z]).collect();
            // The left point of each pair is now the right one.
            let swap = |pairs: &[[usize; 2]]| pairs.iter().map(|&[a, b]| [b, a]).collect();
            let points = PosePoints { across: swap(&points().across), ..points() };
            let pose = head_pose(&mirrored, &points).expect("a head");
            prop_assert!((pose.yaw + yaw).abs() < 0.01, "{pose:?}");
            prop_assert!((pose.pitch - pitch).abs() < 0.01, "{pose:?}");
            prop_assert!((pose.roll + roll).abs() < 0.01, "{pose:?}");
        }
    }
}
