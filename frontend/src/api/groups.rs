//! Calls about groups and their members.

use gloo_net::http::Method;
use types::{
    AddMember, CreateGroup, GroupDeleted, GroupId, GroupView, MembershipId, MembershipView, Page,
    UpdateGroup, UpdateMember,
};

use super::{Api, Coming, json, push_query};

impl Api {
    pub fn group(self, id: GroupId) -> Coming<GroupView> {
        self.get(format!("groups/{id}"))
    }

    pub fn create_group(self, group: &CreateGroup) -> Coming<GroupView> {
        self.read(Method::POST, "groups".to_owned(), json(group))
    }

    pub fn update_group(self, id: GroupId, changes: &UpdateGroup) -> Coming<GroupView> {
        self.read(Method::PATCH, format!("groups/{id}"), json(changes))
    }

    pub fn delete_group(self, id: GroupId) -> Coming<GroupDeleted> {
        self.read(Method::DELETE, format!("groups/{id}"), super::Body::Nothing)
    }

    /// Members of today, or all there ever were.
    pub fn members(self, id: GroupId, all: bool, after: Option<&str>) -> Coming<Page<MembershipView>> {
        let mut path = format!("groups/{id}/members?all={all}");
        push_query(&mut path, "after", after);
        self.get(path)
    }

    pub fn add_member(self, id: GroupId, member: &AddMember) -> Coming<MembershipView> {
        self.read(Method::POST, format!("groups/{id}/members"), json(member))
    }

    pub fn update_member(
        self,
        group: GroupId,
        id: MembershipId,
        changes: &UpdateMember,
    ) -> Coming<MembershipView> {
        self.read(Method::PATCH, format!("groups/{group}/members/{id}"), json(changes))
    }

    pub fn delete_member(self, group: GroupId, id: MembershipId) -> Coming<()> {
        self.done(Method::DELETE, format!("groups/{group}/members/{id}"), super::Body::Nothing)
    }
}
