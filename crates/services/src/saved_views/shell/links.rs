//! Links: a view for anyone with its address, with the rights of the link's maker.

use entity::prelude::*;
use inventory::ledger::Mode;
use platform::{
    stages::{Refusals, Stage},
    storage::{
        Fault, Work,
        idempotency::{CallResult, hash_of, settle},
    },
};
use serde::Serialize;

use super::{
    change::{
        ChangeResult, CreatedExtra, ManagePermit, check_key, check_shape, end, end_with, find_receipt, key_of, load_replayed,
    },
    engine::DocumentProblem,
    refusal::{SavedViewError, SavedViewRefusal},
    service::SavedViews,
};
use crate::saved_views::{
    core::{
        Link, LinkToken, MAX_COST, MAX_DAYS, MAX_LINKS, Problem, Variables, View, ViewRef, merge_variables, variables_problem,
    },
    events::{SAVED_VIEW_LINK_CREATED, SAVED_VIEW_LINK_REVOKED},
    rows,
};

/// Input of a link. The hash of the idempotency key is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct LinkCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub view: SavedViewId,
    pub variables: Variables,
    pub days: i32,
    /// API key of the calling program.
    #[serde(skip)]
    pub key: Option<ApiKeyId>,
}

/// Input of a revocation.
#[derive(Debug, Clone, Serialize)]
pub struct LinkRevoke {
    #[serde(skip)]
    pub idempotency_key: String,
    pub link: SavedViewLinkId,
}

/// A link with its view. The secret is set only when the link was just created.
#[derive(Clone)]
pub struct LinkWithView {
    pub view: Option<View>,
    pub link: Option<Link>,
    pub secret: Option<String>,
}

/// A link that was opened for reading, and its tenant.
#[derive(Debug, Clone)]
pub struct OpenedLink {
    pub tenant: TenantId,
    pub link: Link,
}

const SECONDS_PER_DAY: i64 = 86_400;

impl SavedViews {
    /// Creates a link to a view.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub async fn create_link(
        &self,
        permit: ManagePermit,
        input: LinkCreate,
        mode: Mode,
    ) -> Result<CallResult<LinkWithView>, SavedViewError> {
        let mut problems: Vec<Problem> = variables_problem(&input.variables).into_iter().collect();
        if !(1..=MAX_DAYS).contains(&input.days) {
            problems.push(Problem::Invalid { message: "1 to 365 days are expected", name: "expiresInDays" });
        }
        check_shape(&input.idempotency_key, problems)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.apply_link_create(&mut work, &permit, &input, mode).await;
        settle(work, outcome, mode.is_dry()).await
    }

    async fn apply_link_create(
        &self,
        work: &mut Work,
        permit: &ManagePermit,
        input: &LinkCreate,
        mode: Mode,
    ) -> Result<CallResult<LinkWithView>, SavedViewError> {
        let key = key_of(permit, "savedViewLinkCreate", &input.idempotency_key, hash_of(input));
        if let Some(receipt) = find_receipt(work, &key).await? {
            let link = match receipt.link {
                Some(id) => rows::link(work, id).await?.map(|(link, _)| link),
                None => None,
            };
            let view = rows::view(work, &ViewRef::Id(receipt.view)).await?;
            return Ok(CallResult { value: LinkWithView { view, link, secret: None }, seq: receipt.seq, is_replayed: true });
        }
        let view = rows::lock_view(work, input.view).await?.ok_or(SavedViewRefusal::NoView)?;
        let mut refusals = Refusals::default();
        self.check_readable(permit, &view, &input.variables, &mut refusals).await?;
        if rows::links_of(work, view.id).await?.len() >= MAX_LINKS {
            refusals.add(SavedViewRefusal::TooManyLinks);
        }
        refusals.end(Stage::State)?;
        let (now, mut random) = (self.0.clock.now(), [0; 32]);
        self.0.clock.fill(&mut random);
        let link = Link {
            id: self.0.clock.id(),
            view: view.id,
            variables: input.variables.clone(),
            maker: permit.actor(),
            key: input.key,
            expires_at: now.plus_seconds(SECONDS_PER_DAY * i64::from(input.days)),
            created_at: now,
            last_used_at: None,
        };
        let token = LinkToken::new(permit.tenant(), link.id, random);
        rows::insert_link(work, &link, token.hash()).await?;
        let extra = CreatedExtra { link: Some(link.id), ..CreatedExtra::default() };
        let acted = end_with(work, (&key, SAVED_VIEW_LINK_CREATED), view, extra, now).await?;
        // A dry run makes none.
        let secret = matches!(mode, Mode::Commit).then(|| token.text().to_owned());
        let CallResult { value: view, seq, is_replayed } = acted;
        Ok(CallResult { value: LinkWithView { view, link: Some(link), secret }, seq, is_replayed })
    }

    /// Refuses variables with which the view could never be read.
    pub(super) async fn check_readable(
        &self,
        permit: &ManagePermit,
        view: &View,
        overrides: &Variables,
        refusals: &mut Refusals<SavedViewRefusal>,
    ) -> Result<(), Fault> {
        let variables = merge_variables(&view.fields.variables, overrides.clone());
        let examination = self.engine()?.examine(&view.fields.document, &variables, permit.caller().trusted_only).await?;
        let problem = match examination {
            Ok(cost) if cost > MAX_COST => {
                Some(format!("the view costs {cost} points with these variables, and a view may cost {MAX_COST}"))
            }
            Ok(_) => None,
            Err(DocumentProblem::Document(message) | DocumentProblem::Variables(message)) => Some(message),
        };
        refusals.extend(problem.map(|message| SavedViewRefusal::Document(DocumentProblem::Variables(message))));
        Ok(())
    }

    /// Revokes a link.
    pub async fn revoke_link(&self, permit: ManagePermit, input: LinkRevoke, mode: Mode) -> ChangeResult {
        check_key(&input.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.apply_link_revoke(&mut work, &permit, &input).await;
        settle(work, outcome, mode.is_dry()).await
    }

    async fn apply_link_revoke(&self, work: &mut Work, permit: &ManagePermit, input: &LinkRevoke) -> ChangeResult {
        let key = key_of(permit, "savedViewLinkRevoke", &input.idempotency_key, hash_of(input));
        if let Some(receipt) = find_receipt(work, &key).await? {
            return load_replayed(work, receipt).await;
        }
        let (link, _) = rows::link(work, input.link).await?.ok_or(SavedViewRefusal::NoLink)?;
        let view = rows::lock_view(work, link.view).await?.ok_or(SavedViewRefusal::NoLink)?;
        if rows::remove_link(work, link.id).await? == 0 {
            return Err(SavedViewRefusal::NoLink.into());
        }
        end(work, (&key, SAVED_VIEW_LINK_REVOKED), view, self.0.clock.now()).await
    }

    /// The links of a view, the oldest first, including those that have expired.
    pub async fn links(&self, permit: &ManagePermit, view: SavedViewId) -> Result<Vec<Link>, Fault> {
        rows::links_of(&permit.scope(&self.0.db), view).await
    }

    /// Returns the link of a secret; `None` if the secret is invalid, or the link was revoked or
    /// has expired.
    pub async fn open_link(&self, secret: &str) -> Result<Option<OpenedLink>, Fault> {
        let Some(token) = LinkToken::parse(secret) else { return Ok(None) };
        let stored_link = rows::link(&self.0.db.tenant(token.tenant), token.link).await?;
        let now = self.0.clock.now();
        let open = stored_link.filter(|(link, hash)| *hash == token.hash() && link.expires_at > now);
        Ok(open.map(|(link, _)| OpenedLink { tenant: token.tenant, link }))
    }
}
