//! What the pages share.

mod avatar;
mod confirm;
mod copy;
mod download;
mod field;
mod going;
mod icon;
mod keys;
mod later;
mod modal;
mod moment;
mod options;
mod reveal;
mod states;
mod toast;
mod when;

pub use avatar::Avatar;
pub use confirm::Confirm;
pub use copy::CopyButton;
pub use download::{DownloadLink, save};
pub use field::{Problem, SaveButton, SelectField, TextField};
pub use going::{Act, Removal, listed};
pub use icon::{Icon, icons};
pub use keys::letter;
pub use later::{Build, Later, NotFetched};
pub use modal::{Modal, ModalHead};
pub use moment::{Ago, Moment};
pub use options::{Choice, OptionsField};
pub use reveal::reveal;
pub use states::{Empty, Failed, MoreButton, Skeleton};
pub use toast::{Toasts, ToastsView, use_toasts};
pub use when::{Entry, List, When};
