//! The inputs of saved views.

use async_graphql::{ID, InputObject};
use entity::prelude::{ApiKeyId, SavedViewId};
use platform::path;
use services::saved_views::{
    core::{Change, Fields, Readers, ScheduleFields, ScheduleRule, Sharing, Variables},
    shell::{LinkCreate, LinkRevoke, ScheduleDelete, ScheduleSet, ViewCreate, ViewDelete, ViewUpdate},
};

use super::{
    schedule::{SavedViewTableFormat, SchedulePeriod},
    view_ref::SavedViewRef,
};

use crate::{
    access::RoleRef,
    buckets::ExportBucketInput,
    graphql::{
        reading::InputErrors,
        scalars::{Json, Long},
    },
    identity::MemberRef,
    papers::PaperLocale,
    references::Names,
    row_names,
};

/// Members and roles whom a saved view is shared with, beside its owner and those who hold view.manage. All of them need view.read as well.
#[derive(Debug, Clone, InputObject)]
pub struct SavedViewReadersInput {
    /// True if all who hold view.read may read the view; then no role and no member is named. Default false.
    #[graphql(default)]
    pub everyone: bool,
    /// Deprecated form of `roles`: their IDs.
    #[graphql(default, deprecation = "2026-11-28: use roles. Removed after 2027-11-28.")]
    pub role_ids: Vec<ID>,
    /// Roles whose members may read the view, at most 50. Null for none.
    pub roles: Option<Vec<RoleRef>>,
    /// Deprecated form of `members`: their IDs.
    #[graphql(default, deprecation = "2026-11-28: use members. Removed after 2027-11-28.")]
    pub member_ids: Vec<ID>,
    /// Active members who may read the view, at most 50. Null for none.
    pub members: Option<Vec<MemberRef>>,
}

/// A view that is to be made.
#[derive(Debug, Clone, InputObject)]
pub struct SavedViewCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Name for people, of 1 to 100 characters.
    pub name: String,
    /// Name in URLs, 1 to 64 characters: lowercase letters, digits, and single hyphens between
    /// them; unique in the tenant.
    pub slug: String,
    /// GraphQL document with one query, of at most 20 KiB. It has no mutation, does not ask for the schema, and costs at most 1,000 points with its variables.
    pub document: String,
    /// Values of the view's variables where a reader gives none: an object of at most 20 KiB. Null for none.
    pub variables: Option<Json>,
    /// Members and roles whom the view is shared with. Null for all who hold view.read.
    pub readers: Option<SavedViewReadersInput>,
}

/// A change of a view. Fields that are null stay as they are.
#[derive(Debug, Clone, InputObject)]
pub struct SavedViewUpdateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the view. Needed unless `savedView` names it.
    pub id: Option<ID>,
    /// The view, instead of `id`. Null where `id` is given.
    pub saved_view: Option<SavedViewRef>,
    /// The version that you saw; another one is a VERSION_CONFLICT.
    pub expected_version: Long,
    /// Name for people, of 1 to 100 characters.
    pub name: Option<String>,
    /// Name for addresses, of 1 to 64 characters. Addresses with the former one lead nowhere then.
    pub slug: Option<String>,
    /// GraphQL document with one query, under the conditions of a new view.
    pub document: Option<String>,
    /// Values of the view's variables where a reader gives none: an object, in place of the whole former one.
    pub variables: Option<Json>,
    /// True if the view is paused: a paused view is not run. Null leaves it as it is.
    pub is_paused: Option<bool>,
    /// Members and roles whom the view is shared with, in the place of the former ones.
    pub readers: Option<SavedViewReadersInput>,
}

/// A view that is to go.
#[derive(Debug, Clone, InputObject)]
pub struct SavedViewDeleteInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the view. Needed unless `savedView` names it.
    pub id: Option<ID>,
    /// The view, instead of `id`. Null where `id` is given.
    pub saved_view: Option<SavedViewRef>,
}

/// A link that is to be made.
#[derive(Debug, Clone, InputObject)]
pub struct SavedViewLinkCreateInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result, without the secret.
    pub idempotency_key: String,
    /// Deprecated form of `savedView`: its ID.
    #[graphql(deprecation = "2026-11-28: use savedView. Removed after 2027-11-28.")]
    pub saved_view_id: Option<ID>,
    /// View that the link opens. Required, unless the deprecated `savedViewId` is given.
    pub saved_view: Option<SavedViewRef>,
    /// Values of the view's variables, fixed in the link: an object of at most 20 KiB. Variables left out have the view's own
    /// values.
    pub variables: Option<Json>,
    /// Days after which the link expires, 1 to 365. Default 30.
    #[graphql(default = 30)]
    pub expires_in_days: i32,
}

/// A link that is to end.
#[derive(Debug, Clone, InputObject)]
pub struct SavedViewLinkRevokeInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the link.
    pub saved_view_link_id: ID,
}

/// A schedule as it is wanted; with `id` in the place of the whole former one.
#[derive(Clone, InputObject)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct SavedViewScheduleSetInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the schedule to change. Null makes a schedule.
    pub id: Option<ID>,
    /// Version of the schedule that you saw; another one is a VERSION_CONFLICT. Needed with `id`; null without.
    pub expected_version: Option<Long>,
    /// Deprecated form of `savedView`: its ID.
    #[graphql(deprecation = "2026-11-28: use savedView. Removed after 2027-11-28.")]
    pub saved_view_id: Option<ID>,
    /// View that is sent; with `id` that of the schedule. Required, unless the deprecated `savedViewId` is given.
    pub saved_view: Option<SavedViewRef>,
    /// Values of the view's variables: an object of at most 20 KiB. Variables left out have the view's own values.
    pub variables: Option<Json>,
    /// Path of the list whose rows are sent, of at most 200 characters, as in stores. Null where the view has one list.
    pub rows: Option<String>,
    /// Format of the table. Default CSV. A PDF has at most 5,000 rows and 12 columns, a Parquet file at most 5,000,000 cells.
    #[graphql(default_with = "SavedViewTableFormat::Csv")]
    pub format: SavedViewTableFormat,
    /// Rule by which the view is sent.
    pub every: SchedulePeriod,
    /// Hour of the day, 0 to 23, at which the view is sent; HOURLY does not use it. Default 7.
    #[graphql(default = 7)]
    pub hour: i32,
    /// Day of the week of WEEKLY, from 1, a Monday, to 7. Default 1.
    #[graphql(default = 1)]
    pub day_of_week: i32,
    /// Day of the month of MONTHLY, 1 to 31; a shorter month has its last day instead. Default 1.
    #[graphql(default = 1)]
    pub day_of_month: i32,
    /// IANA time zone of the hour and the days, as in Europe/London. Null for the tenant's.
    pub time_zone: Option<String>,
    /// E-mail addresses that get the table; with the members 1 to 20, or none with hasEvent, hasFile or bucket. Empty by default.
    #[graphql(default)]
    pub emails: Vec<String>,
    /// Deprecated form of `members`: their IDs.
    #[graphql(default, deprecation = "2026-11-28: use members. Removed after 2027-11-28.")]
    pub member_ids: Vec<ID>,
    /// Active members who get the table by e-mail; with the addresses 1 to 20, or none with hasEvent, hasFile or bucket. Null for none.
    pub members: Option<Vec<MemberRef>>,
    /// True if a table that equals the one before is not sent. Default false.
    #[graphql(default)]
    pub is_sent_only_if_changed: bool,
    /// Deprecated name of `isSentOnlyIfChanged`.
    #[graphql(default, deprecation = "2026-11-27: use isSentOnlyIfChanged. Removed after 2027-11-27.")]
    pub only_if_changed: bool,
    /// True if the event view.result reports each table to webhooks. With it no address and no member is needed. Default false.
    #[graphql(default)]
    pub has_event: bool,
    /// Deprecated name of `hasEvent`.
    #[graphql(default, deprecation = "2026-11-27: use hasEvent. Removed after 2027-11-27.")]
    pub emits_event: bool,
    /// True if the event view.result has the first rows of each table, at most 200 and 256 KiB. Only the caller who sets the schedule and their webhooks
    /// are shown them, and they are in the journal of events as long as it is kept. Needs hasEvent. Default false.
    #[graphql(default)]
    pub has_event_rows: bool,
    /// Deprecated name of `hasEventRows`.
    #[graphql(default, deprecation = "2026-11-27: use hasEventRows. Removed after 2027-11-27.")]
    pub tells_rows: bool,
    /// True if each table is kept as a file of the caller who sets the schedule, for seven days, in the bucket or folder of the tenant's files. With it no
    /// address and no member is needed. Default false.
    #[graphql(default)]
    pub has_file: bool,
    /// Bucket of the company's own into which each table is written, as a file that begins with the slug of the view. With it no address and no member is
    /// needed. Null for none.
    pub bucket: Option<ExportBucketInput>,
    /// Deprecated name of `hasFile`.
    #[graphql(default, deprecation = "2026-11-27: use hasFile. Removed after 2027-11-27.")]
    pub keeps_file: bool,
    /// Language of the words and decimal signs of a PDF. Default EN.
    #[graphql(default_with = "PaperLocale::English")]
    pub locale: PaperLocale,
    /// True if the schedule is paused: a paused schedule is not run. Default false.
    #[graphql(default)]
    pub is_paused: bool,
}

/// A schedule that is to go.
#[derive(Debug, Clone, InputObject)]
pub struct SavedViewScheduleDeleteInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the schedule.
    pub id: ID,
}

fn parse_variables(json: Option<Json>, reader: &mut InputErrors) -> Option<Variables> {
    let serde_json::Value::Object(values) = json?.0 else {
        reader.invalid("a JSON object is expected", || path!["input", "variables"]);
        return None;
    };
    Some(values)
}

/// Takes the references of readers, if there are any.
fn names_of(readers: Option<&mut SavedViewReadersInput>) -> Names<'_> {
    let names = Names::of(path!["input", "readers"]);
    match readers {
        Some(readers) => names
            .or_empty(("roles", readers.roles.take()), ("roleIds", &mut readers.role_ids))
            .or_empty(("members", readers.members.take()), ("memberIds", &mut readers.member_ids)),
        None => names,
    }
}

impl SavedViewReadersInput {
    fn read(self, reader: &mut InputErrors) -> Sharing {
        if self.everyone {
            if !(self.role_ids.is_empty() && self.member_ids.is_empty()) {
                reader.invalid("everyone includes all roles and members", || path!["input", "readers", "everyone"]);
            }
            return Sharing::Everyone;
        }
        let roles = self.role_ids.iter().enumerate();
        let roles = roles.map(|(index, id)| reader.id(id, || path!["input", "readers", "roleIds", index])).collect();
        let members = self.member_ids.iter().enumerate();
        let members = members.map(|(index, id)| reader.id(id, || path!["input", "readers", "memberIds", index])).collect();
        Sharing::With(Readers { roles, members })
    }
}

impl SavedViewCreateInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        names_of(self.readers.as_mut())
    }
    pub(super) fn read(self, reader: &mut InputErrors) -> ViewCreate {
        let variables = parse_variables(self.variables, reader).unwrap_or_default();
        let fields = Fields { name: self.name, slug: self.slug, document: self.document, variables };
        let readers = self.readers.and_then(|readers| readers.read(reader).readers().cloned());
        ViewCreate { idempotency_key: self.idempotency_key, fields, readers, unknown_roles: Vec::new() }
    }
}

impl SavedViewUpdateInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        let names = Names::of(path!["input"]).required(("savedView", self.saved_view.take()), ("id", &mut self.id));
        names.and(names_of(self.readers.as_mut()))
    }
    pub(super) fn read(self, key: Option<ApiKeyId>, reader: &mut InputErrors) -> ViewUpdate {
        let change = Change {
            name: self.name,
            slug: self.slug,
            document: self.document,
            variables: parse_variables(self.variables, reader),
            is_paused: self.is_paused,
            sharing: self.readers.map(|readers| readers.read(reader)),
        };
        ViewUpdate {
            idempotency_key: self.idempotency_key,
            id: reader.row(self.id),
            expected_version: self.expected_version.0,
            change,
            unknown_roles: Vec::new(),
            key,
        }
    }
}

row_names!("savedView": saved_view of SavedViewDeleteInput);
impl SavedViewDeleteInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> ViewDelete {
        ViewDelete { idempotency_key: self.idempotency_key, id: reader.row(self.id) }
    }
}

/// Reads the view's ID of a link or a schedule, after its reference was resolved.
fn parse_view_id(id: Option<&ID>, reader: &mut InputErrors) -> SavedViewId {
    reader.id_opt(id, || path!["input", "savedViewId"]).unwrap_or(SavedViewId::NIL)
}

impl SavedViewLinkCreateInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"]).required(("savedView", self.saved_view.take()), ("savedViewId", &mut self.saved_view_id))
    }
    pub(super) fn read(self, key: Option<ApiKeyId>, reader: &mut InputErrors) -> LinkCreate {
        LinkCreate {
            idempotency_key: self.idempotency_key,
            view: parse_view_id(self.saved_view_id.as_ref(), reader),
            variables: parse_variables(self.variables, reader).unwrap_or_default(),
            days: self.expires_in_days,
            key,
        }
    }
}

impl SavedViewLinkRevokeInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> LinkRevoke {
        let link = reader.id(&self.saved_view_link_id, || path!["input", "savedViewLinkId"]);
        LinkRevoke { idempotency_key: self.idempotency_key, link }
    }
}

impl SavedViewScheduleSetInput {
    pub(super) fn names(&mut self) -> Names<'_> {
        Names::of(path!["input"])
            .required(("savedView", self.saved_view.take()), ("savedViewId", &mut self.saved_view_id))
            .or_empty(("members", self.members.take()), ("memberIds", &mut self.member_ids))
    }
    pub(super) fn read(self, key: Option<ApiKeyId>, reader: &mut InputErrors) -> ScheduleSet {
        if self.time_zone.as_deref() == Some("") {
            reader.invalid("an IANA time zone is expected, as in Europe/London", || path!["input", "timeZone"]);
        }
        let rule = ScheduleRule {
            period: self.every.into(),
            hour: self.hour,
            day_of_week: self.day_of_week,
            day_of_month: self.day_of_month,
            time_zone: self.time_zone.unwrap_or_default(),
        };
        let (bucket, secret) = self.bucket.map(ExportBucketInput::read).unzip();
        let fields = ScheduleFields {
            variables: parse_variables(self.variables, reader).unwrap_or_default(),
            rows: self.rows,
            format: self.format.into(),
            rule,
            emails: self.emails.into_iter().map(|email| email.trim().to_owned()).collect(),
            members: reader.ids(Some(self.member_ids), "memberIds"),
            only_if_changed: self.is_sent_only_if_changed || self.only_if_changed,
            emits_event: self.has_event || self.emits_event,
            locale: self.locale.into(),
            keeps_file: self.has_file || self.keeps_file,
            tells_rows: self.has_event_rows || self.tells_rows,
            bucket,
        };
        ScheduleSet {
            idempotency_key: self.idempotency_key,
            id: reader.id_opt(self.id.as_ref(), || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            view: parse_view_id(self.saved_view_id.as_ref(), reader),
            fields,
            secret: secret.flatten(),
            is_paused: self.is_paused,
            key,
        }
    }
}

impl SavedViewScheduleDeleteInput {
    pub(super) fn read(self, reader: &mut InputErrors) -> ScheduleDelete {
        ScheduleDelete { idempotency_key: self.idempotency_key, id: reader.id(&self.id, || path!["input", "id"]) }
    }
}
