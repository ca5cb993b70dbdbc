//! Groups and who belongs to them from which day to which.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::people::{not_null, present};
use crate::{GroupId, GroupRef, MembershipId, PersonId, PersonRef};

/// What a group is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// A class of a school.
    #[default]
    Class,
    /// A team of a company.
    Team,
    /// A site: a building or a branch.
    Site,
}

impl GroupKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Class, Self::Team, Self::Site];

    /// The name on the wire and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Self::Class => "class",
            Self::Team => "team",
            Self::Site => "site",
        }
    }
}

/// A class, team or site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupView {
    /// Its id.
    pub id: GroupId,
    /// Its name, unique whatever the case of its letters.
    pub name: String,
    /// What it is.
    pub kind: GroupKind,
    /// How many people who are not archived belong to it today.
    pub members: i64,
}

/// Body of `POST /api/v1/groups`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateGroup {
    /// 1 to 100 characters.
    pub name: String,
    /// What it is; a class where it is not said.
    #[serde(default)]
    pub kind: GroupKind,
}

/// Body of `PATCH /api/v1/groups/{id}`; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateGroup {
    /// 1 to 100 characters.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it is.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    pub kind: Option<GroupKind>,
}

/// What hung on a group that was deleted, and went or was let go with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroupDeleted {
    /// Memberships, past and future ones included.
    pub memberships: i64,
    /// Assignments of schedules.
    pub schedules: i64,
    /// Holidays of this group alone.
    pub holidays: i64,
    /// Users who were in charge of it.
    pub users: i64,
    /// Feeds that it comes past.
    pub feeds: i64,
}

/// A person's membership of a group, over the days `[from_day, until_day)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MembershipView {
    /// Its id.
    pub id: MembershipId,
    /// Who.
    pub person: PersonRef,
    /// First day; null where it was always so.
    pub from_day: Option<NaiveDate>,
    /// The first day that it no longer holds; null where it is open.
    pub until_day: Option<NaiveDate>,
}

/// A group that a person belongs or belonged to, over the days `[from_day, until_day)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PersonMembership {
    /// Its id.
    pub id: MembershipId,
    /// The group.
    pub group: GroupRef,
    /// First day; null where it was always so.
    pub from_day: Option<NaiveDate>,
    /// The first day that it no longer holds; null where it is open.
    pub until_day: Option<NaiveDate>,
}

/// Body of `POST /api/v1/groups/{id}/members`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AddMember {
    /// Who.
    pub person: PersonId,
    /// First day; today where it is absent or null.
    #[serde(default)]
    pub from_day: Option<NaiveDate>,
    /// The first day that it no longer holds; open where it is absent or null.
    #[serde(default)]
    pub until_day: Option<NaiveDate>,
}

/// Body of `PATCH /api/v1/groups/{id}/members/{membership}`; what is absent stays, null opens that end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateMember {
    /// First day.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub from_day: Option<Option<NaiveDate>>,
    /// The first day that it no longer holds.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub until_day: Option<Option<NaiveDate>>,
}
