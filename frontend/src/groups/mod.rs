//! Groups: classes, teams and sites, and who belongs to them over which days.

mod add;
mod form;
mod list;
mod members;
mod page;

pub use list::GroupsPage;
pub use page::GroupPage;

use types::GroupKind;

use crate::language::say;

/// A kind in words.
fn kind_name(kind: GroupKind) -> &'static str {
    match kind {
        GroupKind::Class => say!(groups.class),
        GroupKind::Team => say!(groups.team),
        GroupKind::Site => say!(groups.site),
    }
}
