//! Both companies again, in a copy of the database in which they were set up.

use std::sync::Mutex;

use entity::prelude::*;
use entrepot::{
    files::FileLocation,
    identity::{Session, Settings},
    secrets::KeySource,
    serve::Node,
};
use serde_json::{Value, json};

use super::{Company, TwoCompanies, World, text};
use crate::{
    databases::Home,
    world::{self, Hands, Setup, keys},
};

/// The keys of another deployment.
pub fn other_keys() -> KeySource {
    KeySource::Given("k2:DFQZSGmrV/N8fhvU0tQUU9n8uDNML/CkxjKkTSgk4uU=".to_owned())
}

/// Sets both companies up, and leaves them.
pub async fn furnish(home: Home) -> (Home, Value) {
    let world = TwoCompanies::set_up(home).await;
    let mut input = json!({ "ours": world.ours.kept(), "theirs": world.theirs.kept() });
    let clock = world.clock.clone();
    let home = world.close().await;
    input["now"] = json!(clock.now().micros());
    (home, input)
}

/// The world as it was saved, on a new node. Its IDs are generated from another seed, so none is
/// generated twice.
pub async fn again((home, kept): (Home, Value)) -> World {
    let hands = Hands::ticking(kept["now"].as_i64().unwrap());
    let clock = hands.clock(12);
    let node = world::node(&home.url, clock.clone(), Settings::default(), &keys()).await;
    let files = home.folder.join("files");
    node.files.set_location(FileLocation::Folder(files.clone()));
    let ours = Company::again(&node, &kept["ours"]).await;
    let theirs = Company::again(&node, &kept["theirs"]).await;
    let db = node.db.clone();
    World::new(home, db, (hands, clock), TwoCompanies { node, ours, theirs, files, last: Mutex::default() })
}

impl World {
    /// Another deployment with keys of its own and two companies. All users have confirmed their
    /// address; `owner` is the address of the first company's owner.
    pub async fn another_deployment(home: Home, now: Timestamp, owner: &str) -> Self {
        let hands = Hands::ticking(now.micros());
        let clock = hands.clock(31);
        let node = world::node(&home.url, clock.clone(), Settings::default(), &other_keys()).await;
        let files = home.folder.join("files");
        node.files.set_location(FileLocation::Folder(files.clone()));
        let ours = Company::founded_by(&node, "charlie", owner).await;
        let theirs = Company::founded(&node, "delta").await;
        home.run_sql("UPDATE app_user SET verified_at = 1").await;
        let db = node.db.clone();
        Self::new(home, db, (hands, clock), TwoCompanies { node, ours, theirs, files, last: Mutex::default() })
    }
}

impl Company {
    /// The same company in another deployment, in which `user` is its owner.
    pub async fn arrived(&self, node: &Node, user: UserId) -> Self {
        let Session { tenant, member, .. } = self.session;
        let owner = node.node_authenticator.caller(tenant, member).await.unwrap().unwrap();
        let session = Session { user, authenticated_at: node.clock.now(), ..self.session.clone() };
        Self {
            word: self.word,
            owner,
            session,
            ids: self.ids.clone(),
            depot: self.depot.clone(),
            picture: self.picture.clone(),
            manual: self.manual.clone(),
            delivery: self.delivery.clone(),
            hold: self.hold.clone(),
        }
    }

    fn kept(&self) -> Value {
        let Session { id, user, tenant, member, authenticated_at, .. } = &self.session;
        json!({ "word": self.word, "session": id, "user": user, "tenant": tenant, "member": member, "at": authenticated_at.micros(),
            "ids": self.ids, "depot": self.depot, "picture": self.picture, "manual": self.manual, "delivery": self.delivery, "hold": self.hold })
    }

    async fn again(node: &Node, kept: &Value) -> Self {
        let part = |name: &str| text(&kept[name]);
        let (tenant, member): (TenantId, MemberId) = (part("tenant").parse().unwrap(), part("member").parse().unwrap());
        let session = Session {
            id: part("session").parse().unwrap(),
            user: part("user").parse().unwrap(),
            tenant,
            member,
            authenticated_at: Timestamp(kept["at"].as_i64().unwrap()),
            mfa: false,
            risk: 0,
            visit: Default::default(),
        };
        let owner = node.node_authenticator.caller(tenant, member).await.unwrap().unwrap();
        let ids = kept["ids"].as_object().unwrap().iter().map(|(prefix, id)| (lasting(prefix.clone()), text(id))).collect();
        Self {
            word: lasting(part("word")),
            owner,
            session,
            ids,
            depot: part("depot"),
            picture: part("picture"),
            manual: part("manual"),
            delivery: part("delivery"),
            hold: part("hold"),
        }
    }
}

/// Leaks a word, so that it lives as long as the test.
fn lasting(word: String) -> &'static str {
    word.leak()
}
