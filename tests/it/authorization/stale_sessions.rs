//! Calls in sessions that were authenticated some time ago.

use async_graphql::{Request, Variables};
use entrepot::{identity::Session, schema};
use serde_json::Value;

use super::{
    typenames::told,
    world::{Company, World},
};

impl World {
    /// Answers the owner, who showed who they are so long ago, or who is no person but a key.
    pub async fn ask_late(&self, company: &Company, seconds: Option<i64>, query: &str, variables: &Value) -> Value {
        let request = Request::new(query).variables(Variables::from_json(variables.clone()));
        let request = schema::attach(request, &self.node.db.tenant(company.owner.tenant)).data(company.owner.clone());
        let now = self.node.clock.now();
        told(
            self.node
                .schema
                .execute(match seconds {
                    Some(seconds) => {
                        request.data(Session { authenticated_at: now.plus_seconds(-seconds), ..company.session.clone() })
                    }
                    None => request,
                })
                .await,
        )
    }
}
