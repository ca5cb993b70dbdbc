//! Identifiers, one newtype per entity, so that a person's id cannot be passed where a feed's is wanted.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta] $name:ident)+) => {$(
        #[$doc]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

id! {
    /// A person who can be recognised.
    PersonId
    /// A stored photo of a person.
    PhotoId
    /// A feed: one camera position.
    FeedId
    /// A logged arrival.
    ArrivalId
    /// Somebody who signs in.
    UserId
    /// A class, team or site.
    GroupId
    /// A person's membership of a group.
    MembershipId
    /// Rules of when a group is expected.
    ScheduleId
    /// That a schedule is a group's.
    AssignmentId
    /// Days on which nobody is expected.
    HolidayId
    /// A hand mark.
    MarkId
    /// A request to put a day right.
    CorrectionId
    /// An import.
    ImportId
    /// A rule of alerts.
    AlertRuleId
    /// A webhook.
    WebhookId
    /// One thing that somebody is told by one way.
    MessageId
    /// A report that is sent by itself.
    ReportScheduleId
    /// One frame that was answered.
    FrameId
    /// Faces of the review queue that seem to be one person's.
    ReviewId
    /// One face of the review queue.
    ReviewFaceId
}
