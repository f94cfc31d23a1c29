//! Access tokens at a node without its front door.

use std::net::IpAddr;

use entrepot::{
    graphql::session::{Authenticator, RequestMeta, Session},
    serve::Node,
};

/// The session of a token at a node, or the code of its refusal.
pub async fn admit(node: &Node, token: Option<&str>, address: &str) -> Result<Session, String> {
    let address: IpAddr = address.parse().unwrap();
    let meta = RequestMeta { id: "test", address: Some(address), user_agent: Some("A browser/1.0") };
    node.node_authenticator.open(token, &meta).await.map_err(|refused| refused.code.as_str().to_owned())
}

/// Whether an access token is good at a node.
pub async fn lets_in(node: &Node, token: &str) -> bool {
    match admit(node, Some(token), "198.51.100.7").await {
        Ok(_) => true,
        Err(code) => {
            assert_eq!(code, "UNAUTHENTICATED");
            false
        }
    }
}
