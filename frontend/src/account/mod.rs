//! One's own account, in and outside of the settings: passwords, the second step at sign-in, the way in by a link.

mod enrolment;
mod invitation;
mod new_password;
mod recovery_codes;
mod second_factor;
mod strength;

pub use enrolment::EnrolmentPage;
pub use invitation::InvitationPage;
pub use new_password::{NewPassword, NewPasswordFields};
pub use second_factor::SetUp;
