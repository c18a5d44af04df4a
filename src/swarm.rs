//! Swarms that run: members under the supervisors of a layout, and mail along its edges.

pub(crate) mod baton;
pub(crate) mod check;
pub(crate) mod choice;
pub(crate) mod circulate;
pub(crate) mod circulating;
pub(crate) mod credits;
pub(crate) mod home;
pub(crate) mod mail;
pub(crate) mod member;
pub(crate) mod membership;
pub(crate) mod morph;
pub(crate) mod passing;
pub(crate) mod post;
pub(crate) mod running;
pub(crate) mod seat;
pub(crate) mod sending;
pub(crate) mod token;
pub(crate) mod undelivered;
