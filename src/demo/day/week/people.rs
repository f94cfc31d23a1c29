//! People of the week: four stores' staff, the order desk, a buyer and the accounts, each with a
//! login of their own.

use serde_json::{Value, json};
use tools::replay::{
    Client,
    wire::{RequestLabel, request},
};

use crate::demo::{
    error::DemoError,
    shop::{
        DemoSite,
        staff::{CATALOGUE_ROLE, GRANT, INVITE, MEMBER, accept_invitation, invitation, log_in},
    },
};

/// Person of the week; the owner creates the stores and does nothing else.
#[derive(Debug, Clone, Copy)]
pub(super) enum Persona {
    Owner,
    Depot,
    London,
    Leeds,
    Paris,
    Desk,
    Buyer,
    Accounts,
}

impl Persona {
    /// Name of the person in the week's lines.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Depot => "depot",
            Self::London => "London",
            Self::Leeds => "Leeds",
            Self::Paris => "Paris",
            Self::Desk => "order desk",
            Self::Buyer => "buyer",
            Self::Accounts => "accounts",
        }
    }
}

/// Invited people, in the order of [`Persona`]: the index of the role in [`ROLES`], and the index
/// of the store among the week's, if it is a single one.
const INVITATIONS: [(Persona, usize, Option<usize>); 7] = [
    (Persona::Depot, 0, Some(0)),
    (Persona::London, 1, Some(1)),
    (Persona::Leeds, 1, Some(2)),
    (Persona::Paris, 1, Some(3)),
    (Persona::Desk, 2, None),
    (Persona::Buyer, 3, None),
    (Persona::Accounts, 4, None),
];

/// Key, name and permissions.
const ROLES: [(&str, &str, &[&str]); 5] = [
    (
        "depot",
        "Depot in the week",
        &[
            "stock.read",
            "stock.movement.read",
            "stock.adjust",
            "transfer.read",
            "transfer.write",
            "transfer.ship",
            "transfer.receive",
            "purchase.read",
            "purchase.receive",
            "document.reverse",
            "fulfilment.read",
            "fulfilment.address.read",
            "fulfilment.work",
            "fulfilment.ship",
        ],
    ),
    (
        "shop",
        "Shop in the week",
        &[
            "stock.read",
            "stock.adjust",
            "order.read",
            "order.write",
            "order.return",
            "transfer.read",
            "transfer.receive",
            "count.read",
            "count.record",
            "fulfilment.read",
            "fulfilment.work",
            "fulfilment.ship",
        ],
    ),
    ("desk", "Order desk in the week", &["store.read", "product.read", "channel.read", "order.read", "order.write"]),
    (
        "buyer",
        "Buyer in the week",
        &["store.read", "product.read", "product.cost.read", "stock.read", "purchase.read", "purchase.write"],
    ),
    (
        "accounts",
        "Accounts in the week",
        &[
            "store.read",
            "product.read",
            "product.cost.read",
            "stock.read",
            "order.read",
            "payment.write",
            "payment.refund",
            "invoice.issue",
            "return.approve",
            "purchase.read",
            "purchase.approve",
            "count.read",
            "count.write",
            "count.review",
            "count.approve",
        ],
    ),
];

const ROLE: &str = "mutation($input: RoleCreateInput!) { roleCreate(input: $input) { role { id } userErrors { code message } } }";
/// The demo listens on this machine only, so the password need not be secret.
const PASSWORD: &str = "five working days of tea";

/// The owner, who makes roles and invites.
struct OwnerClient<'a> {
    site: &'a DemoSite<'a>,
    client: Client,
    word: &'a str,
}

/// One client for each of [`Persona`], the owner's first. Roles and addresses carry the run's word.
pub(super) async fn create_clients(
    site: &DemoSite<'_>,
    (owner, word): (&str, &str),
    stores: &[Value],
) -> Result<Vec<Client>, DemoError> {
    let office = OwnerClient { site, client: Client::new(site.base, owner)?, word };
    let mut created_roles = Vec::new();
    for (key, name, permissions) in ROLES {
        let key = format!("week-{word}-{key}");
        let input = json!({ "idempotencyKey": key, "key": key, "name": format!("{name} {word}"), "permissions": permissions });
        office.send_query("roleCreate", ROLE, json!({ "input": input })).await?;
        created_roles.push(json!({ "key": key }));
    }
    let mut staff = Vec::new();
    for (who, role, store) in INVITATIONS {
        let scope = match store {
            Some(store) => json!({ "stores": [stores[store]] }),
            None => json!({ "all": true }),
        };
        // Stores and products are seen by a permission for the whole tenant, which a grant for one store never gives.
        let catalogue_grant = json!({ "role": { "key": CATALOGUE_ROLE }, "scope": { "all": true } });
        let grants = store.map(|_| json!([{ "role": created_roles[role], "scope": scope }, catalogue_grant]));
        staff.push(office.invite(who, json!({ "roles": [created_roles[role]], "scope": scope }), grants).await?);
    }
    staff.insert(0, office.client);
    Ok(staff)
}

impl OwnerClient<'_> {
    /// Invites a person, who joins by the link of the e-mail.
    async fn invite(&self, who: Persona, mut variables: Value, grants: Option<Value>) -> Result<Client, DemoError> {
        let key = format!("week-{}-{}", self.word, who.name().to_lowercase().replace(' ', "-"));
        let email = format!("{key}@demo.example");
        variables["email"] = json!(email);
        variables["key"] = json!(key);
        let member = self.send_query("memberInvite", INVITE, variables).await?["member"]["id"].take();
        let emails = self.site.emails;
        let token = invitation(emails, &email).await?;
        let token = token.ok_or_else(|| DemoError::Day(format!("no invitation to {email} is in {}", emails.display())))?;
        accept_invitation(self.site, (email.as_str(), PASSWORD, who.name()), &token).await?;
        if let Some(grants) = grants {
            let version = self.send_query("node", MEMBER, json!({ "id": member })).await?["version"].take();
            let key = format!("{key}-grants");
            let input =
                json!({ "member": { "id": member }, "expectedVersion": version, "grants": grants, "idempotencyKey": key });
            self.send_query("memberRolesSet", GRANT, json!({ "input": input })).await?;
        }
        Ok(Client::new(self.site.base, &log_in(self.site, &email, PASSWORD).await?)?)
    }

    /// The one root field of a document; a refusal ends the week.
    async fn send_query(&self, field: &'static str, query: &str, variables: Value) -> Result<Value, DemoError> {
        let mut data: Value = self.client.send_query(&RequestLabel::new("week", field), request(query, variables)?).await?;
        let payload = data[field].take();
        match payload["userErrors"].as_array() {
            Some(errors) if !errors.is_empty() => Err(DemoError::Day(format!("{field} was refused: {}", payload["userErrors"]))),
            _ => Ok(payload),
        }
    }
}
