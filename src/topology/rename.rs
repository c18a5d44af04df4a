//! Names of one's own for the members of a layout.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::path::check_name;
use crate::topology::error::RenameError;
use crate::topology::layout::{Layout, Member};
use crate::topology::tree::{Branch, Node};

impl Layout {
    /// The same layout with names of one's own, one per member in rank order. A name replaces the last part of the member's
    /// path; supervisors keep theirs. Names are unique within the swarm, so that one of them is enough to find a member.
    ///
    /// # Errors
    /// [`RenameError`] where the count is wrong, a text is no name, or a name is taken.
    pub fn renamed<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Result<Self, RenameError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.len() != self.members.len() {
            return Err(RenameError::Count { names: names.len(), members: self.members.len() });
        }
        let mut taken = BTreeSet::new();
        branches(&self.tree, &mut taken);
        let later = self.plan.members()..self.plan.members_limit();
        taken.extend(later.map(|rank| rank.to_string()));
        let mut members = Vec::with_capacity(names.len());
        for (member, name) in self.members.iter().zip(names) {
            check_name(&name)?;
            if !taken.insert(name.clone()) {
                return Err(RenameError::Taken { name });
            }
            let name = member.name.rsplit_once('/').map_or(name.clone(), |(above, _)| format!("{above}/{name}"));
            members.push(Member { name, ..member.clone() });
        }
        self.members = Arc::from(members);
        Ok(self)
    }
}

/// The names of all supervisors below one.
fn branches(above: &Branch, names: &mut BTreeSet<String>) {
    for child in &above.children {
        if let Node::Branch(branch) = child {
            names.insert(branch.name.clone());
            branches(branch, names);
        }
    }
}
