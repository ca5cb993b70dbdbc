//! Calls about the review queue.

use gloo_net::http::Method;
use types::{EnrolFromReview, NonMatch, Page, PersonId, ReviewFaceId, ReviewId, ReviewItem, ReviewSettings};

use super::{Api, Body, Coming, json, push_query, url};

/// Address of a face's picture.
pub fn face_image(item: ReviewId, face: ReviewFaceId) -> String {
    url(&format!("review/{item}/faces/{face}/image"))
}

impl Api {
    pub fn review_settings(self) -> Coming<ReviewSettings> {
        self.get("review/settings".to_owned())
    }

    pub fn save_review_settings(self, settings: &ReviewSettings) -> Coming<()> {
        self.done(Method::PUT, "review/settings".to_owned(), json(settings))
    }

    pub fn review(self, limit: u32, after: Option<&str>) -> Coming<Page<ReviewItem>> {
        let mut path = format!("review?limit={limit}");
        push_query(&mut path, "after", after);
        self.get(path)
    }

    /// Enrols the faces of an item; `knowingly` even though the face is enrolled already under another name.
    pub fn enrol(self, item: ReviewId, request: &EnrolFromReview, knowingly: bool) -> Coming<()> {
        let suffix = if knowingly { "?override=true" } else { "" };
        self.done(Method::POST, format!("review/{item}/enrolment{suffix}"), json(request))
    }

    pub fn mark_non_match(self, item: ReviewId, person_id: PersonId) -> Coming<()> {
        self.done(Method::POST, format!("review/{item}/non-match"), json(&NonMatch { person_id }))
    }

    pub fn dismiss(self, item: ReviewId) -> Coming<()> {
        self.done(Method::DELETE, format!("review/{item}"), Body::Nothing)
    }
}
