//! Staff of the shop: four people, each with a role of its own rights, who join by the link of an
//! invitation.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use super::state::Shop;
use crate::demo::{error::DemoError, owner::SLUG, steps::print_step};

/// The demo as people reach it, and where its e-mails lie.
pub struct DemoSite<'a> {
    pub base: &'a str,
    pub emails: &'a Path,
}

/// Employee of the shop.
pub struct Employee {
    pub email: &'static str,
    /// The demo listens on this machine only, so the password need not be secret.
    pub password: &'static str,
    name: &'static str,
    /// Key of the role.
    role: &'static str,
    /// Name of the role.
    pub title: &'static str,
    /// Store that they work in; None: all stores.
    store: Option<&'static str>,
    permissions: &'static [&'static str],
}

pub const STAFF: [Employee; 4] = [
    Employee {
        email: "depot@demo.example",
        password: "three pallets by the gate",
        name: "Dora Dock",
        role: "depot-staff",
        title: "Depot staff",
        store: Some("DEPOT"),
        permissions: &[
            "store.read",
            "product.read",
            "stock.read",
            "stock.movement.read",
            "stock.adjust",
            "transfer.read",
            "transfer.write",
            "transfer.ship",
            "transfer.receive",
            "purchase.read",
            "purchase.receive",
            "count.read",
            "count.record",
            "fulfilment.read",
            "fulfilment.address.read",
            "fulfilment.work",
            "fulfilment.ship",
            "alert.read",
        ],
    },
    Employee {
        email: "shop@demo.example",
        password: "seven tumblers in a row",
        name: "Lou London",
        role: "shop-staff",
        title: "Shop staff",
        store: Some("LDN"),
        permissions: &[
            "store.read",
            "product.read",
            "channel.read",
            "customer.read",
            "stock.read",
            "stock.adjust",
            "stock.reserve",
            "order.read",
            "order.write",
            "order.fulfil",
            "order.return",
            "transfer.read",
            "transfer.receive",
            "count.read",
            "count.record",
            "fulfilment.read",
            "fulfilment.work",
            "fulfilment.ship",
            "alert.read",
        ],
    },
    Employee {
        email: "buyer@demo.example",
        password: "forty crates of green tea",
        name: "Bea Buyer",
        role: "buyer",
        title: "Buyer",
        store: None,
        permissions: &[
            "store.read",
            "product.read",
            "product.cost.read",
            "product.write",
            "stock.read",
            "stock.movement.read",
            "stock.policy",
            "transfer.read",
            "transfer.write",
            "purchase.read",
            "purchase.write",
            "report.read",
            "view.read",
            "alert.read",
            "alert.write",
        ],
    },
    Employee {
        email: "accounts@demo.example",
        password: "each penny has a column",
        name: "Arthur Ledger",
        role: "accountant",
        title: "Accountant",
        store: None,
        permissions: &[
            "store.read",
            "product.read",
            "product.cost.read",
            "customer.read",
            "stock.read",
            "stock.movement.read",
            "order.read",
            "payment.write",
            "payment.refund",
            "invoice.issue",
            "purchase.read",
            "purchase.approve",
            "cost.write",
            "rate.read",
            "rate.write",
            "report.read",
            "view.read",
            "audit.read",
        ],
    },
];

pub(in crate::demo) const INVITE: &str = "mutation($email: String!, $roles: [RoleRef!]!, $scope: StoreScopeInput!, $key: String!) {
    memberInvite(email: $email, roleIds: [], roles: $roles, scope: $scope, idempotencyKey: $key) { member { id } userErrors { code message } } }";
const RESEND: &str = "mutation($id: ID!, $key: String!) {
    invitationResend(id: $id, idempotencyKey: $key) { member { id } userErrors { code message } } }";
pub(in crate::demo) const MEMBER: &str = "query($id: ID!) { node(id: $id) { ... on Member { version } } }";
pub(in crate::demo) const GRANT: &str = "mutation($input: MemberRolesSetInput!) {
    memberRolesSet(input: $input) { member { id } userErrors { code message } } }";
/// Key of the role by which staff of a single store see stores, products and channels: permissions
/// for the whole tenant, which a grant for a store never gives.
pub(in crate::demo) const CATALOGUE_ROLE: &str = "catalogue";
const ACCEPT: &str = "mutation($token: String!, $password: String!, $name: String!) {
    entered: invitationAccept(token: $token, password: $password, displayName: $name) {
        result { ... on TokenPair { accessToken } } userErrors { code message } } }";
const LOGIN: &str = "mutation($email: String!, $password: String!, $tenant: String!) {
    entered: login(email: $email, password: $password, tenant: $tenant) {
        result { ... on TokenPair { accessToken } } userErrors { code message } } }";

/// Polls for an e-mail, which is written after the answer, and the time between two of them.
const MAX_POLLS: u32 = 400;
const POLL_INTERVAL: Duration = Duration::from_millis(25);

impl Shop<'_> {
    pub(super) async fn create_staff(&mut self, site: &DemoSite<'_>) -> Result<(), DemoError> {
        for employee in &STAFF {
            let input = json!({ "key": employee.role, "name": employee.title, "permissions": employee.permissions });
            self.call("roleCreate", "RoleCreateInput", "role { id }", input).await?;
            let role = json!({ "key": employee.role });
            let scope = match employee.store {
                Some(store) => json!({ "stores": [{ "code": store }] }),
                None => json!({ "all": true }),
            };
            let variables = json!({
                "email": employee.email, "roles": [role], "scope": scope, "key": format!("demo-invite-{}", employee.role),
            });
            let invite_payload = self.send_query("memberInvite", INVITE, variables).await?;
            let token = match invitation(site.emails, employee.email).await? {
                Some(token) => token,
                // An earlier start ended between the invitation and its e-mail.
                None => self.invite_again(site, (employee, &invite_payload["member"]["id"])).await?,
            };
            accept_invitation(site, (employee.email, employee.password, employee.name), &token).await?;
            if employee.store.is_some() {
                let member = &invite_payload["member"]["id"];
                let version = self.send_query("node", MEMBER, json!({ "id": member })).await?["version"].take();
                let catalogue_grant = json!({ "role": { "key": CATALOGUE_ROLE }, "scope": { "all": true } });
                let grants = json!([{ "role": role, "scope": scope }, catalogue_grant]);
                let input = json!({
                    "member": { "id": member }, "expectedVersion": version, "grants": grants,
                    "idempotencyKey": format!("demo-grants-{}", employee.role),
                });
                self.send_query("memberRolesSet", GRANT, json!({ "input": input })).await?;
            }
        }
        print_step("people", "4 people with roles of their own: depot staff, shop staff, a buyer and an accountant");
        Ok(())
    }

    async fn invite_again(&self, site: &DemoSite<'_>, (employee, member): (&Employee, &Value)) -> Result<String, DemoError> {
        let variables = json!({ "id": member, "key": format!("demo-invite-again-{}", employee.role) });
        self.send_query("invitationResend", RESEND, variables).await?;
        let token = invitation(site.emails, employee.email).await?;
        token.ok_or_else(|| DemoError::Shop(format!("no invitation to {} is in {}", employee.email, site.emails.display())))
    }
}

/// Accepts the invitation to an e-mail address, with a password and a name; gives a token. A start that broke off may have done so already:
/// then they log in.
pub(in crate::demo) async fn accept_invitation(
    site: &DemoSite<'_>,
    (email, password, name): (&str, &str, &str),
    token: &str,
) -> Result<String, DemoError> {
    let accepted = post_query(site, ACCEPT, json!({ "token": token, "password": password, "name": name })).await?;
    if let Some(token) = token_of(&accepted) {
        return Ok(token);
    }
    log_in(site, email, password).await
}

/// Logs a person in; returns a token.
pub(in crate::demo) async fn log_in(site: &DemoSite<'_>, email: &str, password: &str) -> Result<String, DemoError> {
    let answer = post_query(site, LOGIN, json!({ "email": email, "password": password, "tenant": SLUG })).await?;
    token_of(&answer).ok_or_else(|| DemoError::Shop(format!("{email} could not log in: {answer}")))
}

async fn post_query(site: &DemoSite<'_>, query: &str, variables: Value) -> Result<Value, DemoError> {
    let request = reqwest::Client::new().post(format!("{}/graphql", site.base));
    Ok(request.json(&json!({ "query": query, "variables": variables })).send().await?.json().await?)
}

fn token_of(answer: &Value) -> Option<String> {
    answer["data"]["entered"]["result"]["accessToken"].as_str().map(str::to_owned)
}

/// The token of the invitation that was sent to an address; `None` if there is none after a while.
pub(in crate::demo) async fn invitation(emails: &Path, address: &str) -> Result<Option<String>, DemoError> {
    for _ in 0..MAX_POLLS {
        let messages = read_emails(emails).map_err(|err| DemoError::File(emails.to_owned(), err))?;
        if let Some(token) = messages.iter().find_map(|text| token_in(text, address)) {
            return Ok(Some(token));
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
    Ok(None)
}

/// The texts of all e-mails; none before the first one.
fn read_emails(emails: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(emails) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut messages = Vec::new();
    for entry in entries {
        let path: PathBuf = entry?.path();
        if path.extension().is_some_and(|ending| ending == "eml") {
            messages.push(fs::read_to_string(path)?);
        }
    }
    Ok(messages)
}

/// The token of the link in an invitation to an address. Lines of an e-mail are broken and signs are written by their numbers.
fn token_in(email: &str, address: &str) -> Option<String> {
    let text = email.replace("=\r\n", "").replace("=3D", "=");
    text.lines().find(|line| line.starts_with("To: ") && line.contains(address))?;
    let (_, rest) = text.split_once("/invitation#token=")?;
    Some(rest.chars().take_while(|sign| sign.is_ascii_alphanumeric() || "_-".contains(*sign)).collect())
}

#[cfg(test)]
mod tests {
    use super::token_in;

    #[test]
    fn the_link_of_an_invitation_is_found_in_the_email_of_whom_it_invites() {
        let email = "From: a@b.example\r\nTo: depot@demo.example\r\n\r\nAccept:\r\n\r\n  http://localhost/invitation#token=3Depi_a-b=\r\n_9\r\n";
        assert_eq!(token_in(email, "depot@demo.example").as_deref(), Some("epi_a-b_9"));
        assert_eq!(token_in(email, "shop@demo.example"), None);
        assert_eq!(
            token_in("To: depot@demo.example\r\n\r\nhttp://localhost/password#token=epr_1\r\n", "depot@demo.example"),
            None
        );
    }
}
