//! People and shops added to the company of `authorization`, in the words of these tests.
#![allow(dead_code, unused_imports, reason = "several targets have it, and each calls a part")]

use entity::{
    app_user, member,
    prelude::{MemberId, MemberStatus, UserId},
};
use entrepot::access::{Caller, Permission};
use serde_json::{Value, json};

use crate::authorization::world::{Company, World};
pub use crate::world::answers::codes;

/// A member of our company, whose grants are read again for each call.
#[derive(Debug, Clone, Copy)]
pub struct Person(pub MemberId);

/// Scope of all stores.
pub fn everywhere() -> Value {
    json!({ "all": true })
}
/// Scope of the given stores.
pub fn in_stores(stores: &[&str]) -> Value {
    json!({ "storeIds": stores })
}
/// A grant of a default role.
pub fn grant(key: &str, scope: Value) -> Value {
    let role = entrepot::access::BUILT_IN.iter().find(|role| role.key == key).unwrap();
    json!({ "roleId": role.id.to_string(), "scope": scope })
}

const GRANT: &str = "mutation($input: MemberRolesSetInput!) { memberRolesSet(input: $input) {
    member { id version roles { role { key } expiresAt scope { all stores { id } groups { code } } } } userErrors { code field message } seq } }";

impl World {
    /// Adds a member without rights.
    pub async fn add_member(&self, name: &str) -> Person {
        let clock = &self.node.clock;
        let (user, id): (UserId, MemberId) = (clock.id(), clock.id());
        let email = format!("{name}@example.com");
        let work = self.node.db.global().maintenance_for(self.ours.owner.tenant).await.unwrap();
        let row = app_user::Model {
            id: user,
            email: email.clone(),
            email_key: email,
            password_hash: "none".to_owned(),
            display_name: name.to_owned(),
            created_at: clock.now(),
        };
        work.insert_global::<app_user::Entity>(row).await.unwrap();
        let row = member::Model {
            tenant_id: self.ours.owner.tenant,
            id,
            user_id: user,
            status: MemberStatus::Active,
            version: 1,
            created_at: clock.now(),
            updated_at: clock.now(),
        };
        work.insert::<member::Entity>(row).await.unwrap();
        work.commit().await.unwrap();
        Person(id)
    }

    /// The person as the door lets them in now.
    pub async fn caller(&self, person: Person) -> Caller {
        self.node.access.member(self.ours.owner.tenant, person.0).await.unwrap().expect("they may come in")
    }

    /// Returns the response to a person's request.
    pub async fn execute_as(&self, person: Person, query: &str, variables: Value) -> Value {
        let caller = self.caller(person).await;
        self.execute(&self.ours, Some(caller), query, &variables).await
    }

    /// Returns the payload of a person's mutation, which may be refused.
    pub async fn mutate_as(&self, person: Person, query: &str, input: Value) -> Value {
        let answer = self.execute_as(person, query, json!({ "input": input })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"].as_object().unwrap().values().next().unwrap().clone()
    }

    async fn version_of(&self, person: Person) -> i64 {
        use entrepot::storage::Reads;
        let scope = self.node.db.tenant(self.ours.owner.tenant);
        let rows =
            scope.rows("SELECT version FROM member WHERE tenant_id = $1 AND id = $2", vec![person.0.into()]).await.unwrap();
        rows[0].try_get_by_index(0).unwrap()
    }

    /// Requests that `to` gets these grants and no others.
    pub async fn set_grants(&self, giver: &Caller, to: Person, grants: Value) -> Value {
        let version = self.version_of(to).await;
        let input = json!({ "memberId": to.0.to_string(), "expectedVersion": version, "grants": grants });
        let answer = self.execute(&self.ours, Some(giver.clone()), GRANT, &json!({ "input": input })).await;
        assert!(answer["errors"].is_null(), "{answer:#}");
        answer["data"]["memberRolesSet"].clone()
    }

    /// Adds a member, to whom the owner gives these grants.
    pub async fn add_member_with(&self, name: &str, grants: Value) -> Person {
        let person = self.add_member(name).await;
        let payload = self.set_grants(&self.ours.owner, person, grants).await;
        assert_eq!(payload["userErrors"], json!([]), "{payload:#}");
        person
    }

    pub fn owner(&self) -> Person {
        Person(MemberId::from_uuid(self.ours.owner.actor.id))
    }

    /// Opens another shop of our company, with trade of its own. `word` is in every text of its
    /// documents.
    pub async fn second_shop(&self, word: &str) -> Company {
        let errors = "userErrors { code field message }";
        let query = format!("mutation($input: StoreCreateInput!) {{ storeCreate(input: $input) {{ store {{ id }} {errors} }} }}");
        let payload = self
            .must_mutate(&self.ours, &query, json!({ "input": { "code": format!("{word}-shop"), "name": "Second shop" } }))
            .await;
        let store = payload["store"]["id"].as_str().unwrap().to_owned();
        let mut shop = Company {
            word: Box::leak(word.to_owned().into_boxed_str()),
            owner: self.ours.owner.clone(),
            session: self.ours.session.clone(),
            ids: self.ours.ids.clone(),
            depot: self.ours.depot.clone(),
            picture: self.ours.picture.clone(),
            manual: self.ours.manual.clone(),
            delivery: self.ours.delivery.clone(),
            hold: String::new(),
        };
        shop.ids.insert("sto", store);
        let mut ids = shop.ids.clone();
        self.trade(&shop, &mut ids).await;
        Company { hold: ids.remove("hld").unwrap(), ids, ..shop }
    }
}

/// Whether the caller holds a permission for a store.
pub fn covers<P: Permission>(caller: &Caller, store: &str) -> bool {
    caller.permissions.reach(P::INDEX).covers(store.parse().unwrap())
}
