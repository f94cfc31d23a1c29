//! Every limit, in one place. The numbers are those of the decisions page; an operator may change each.

use std::time::Duration;

use platform::rate_limit::Allowance;

/// All limits of the platform. `Default` has the documented values; a deployment may lower or lift
/// any of them.
#[derive(Debug, Clone)]
pub struct Limits {
    /// A request's body, in bytes.
    pub body_bytes: usize,
    /// A message from a socket's client, in bytes.
    pub message_bytes: usize,

    /// Fields within fields, leaves counted.
    pub depth: u32,
    /// Selections and directives, with every fragment counted as often as it is spread.
    pub nodes: u32,
    /// Fields with an alias, counted like nodes.
    pub aliases: u32,
    /// Fields of the operation's root, counted like nodes.
    pub root_fields: u32,
    /// Variables that an operation declares, and those sent with it.
    pub variables: usize,
    /// Items of a list in the arguments of a query or a subscription: ids, names, values of a filter. Lines of a mutation have limits of their own.
    pub listed: usize,
    /// Directives on one field, fragment or operation.
    pub directives: usize,
    /// Lexical tokens of a whole document: bounds the parser's work before it starts.
    pub tokens: usize,
    /// Brackets of any kind that are open at once.
    pub brackets: usize,
    /// Operations of a whole document.
    pub operations: usize,
    /// Points that one operation may cost.
    pub points: u32,
    /// Fields and objects of an answer about the schema itself.
    pub introspection_nodes: u32,
    /// Objects that one operation resolves, whatever length its lists were estimated at.
    pub answer_objects: u32,
    /// An answer, or one event of a stream, in bytes.
    pub answer_bytes: usize,
    /// Errors in one answer.
    pub reported_errors: usize,

    /// Items of a page.
    pub page: u32,
    /// Lines of one stock call.
    pub stock_lines: usize,
    /// Lines of an order or a return.
    pub order_lines: usize,
    /// Lines of a bulk upsert.
    pub bulk_lines: usize,

    /// Time from a connection's start, or the first byte of a further head, to the end of that
    /// head.
    pub header_time: Duration,
    /// Minimum time for which an idle connection is kept after its last response.
    pub idle_time: Duration,
    /// Time from a request's head to the end of its body.
    pub body_time: Duration,
    /// Time from a whole request to its answer.
    pub request_time: Duration,
    /// Requests to GraphQL that always run at once, however long they take: beyond this number, as
    /// many as the node can answer in time, by measurement. `None` refuses none.
    pub requests_in_flight: Option<usize>,
    /// Maximum time for which a peer may leave waiting bytes unread.
    pub stall_time: Duration,
    /// Header lines of a request.
    pub headers: usize,
    /// All header lines together, in bytes.
    pub header_bytes: usize,
    /// Open connections.
    pub connections: usize,
    /// Open connections of one address.
    pub connections_per_address: usize,

    /// Time from a socket's start to its `connection_init`.
    pub socket_init_time: Duration,
    /// Time between the server's pings; a socket that sent nothing for two of them is closed.
    pub socket_ping: Duration,
    /// Operations that run on one socket at once.
    pub socket_operations: usize,
    /// Subscriptions that one caller has at once on a node, over all their sockets and event streams.
    pub streams_per_caller: usize,
    /// Sockets that one caller has at once on a node.
    pub sockets_per_caller: usize,
    /// An operation's id on a socket, in bytes.
    pub socket_id_bytes: usize,
    /// Answers that wait for a socket's client, in bytes; operations wait when it is reached.
    pub socket_queue_bytes: usize,
    /// Time from a token's expiry to the socket's end, so that a renewal sent in time still
    /// arrives.
    pub socket_expiry_grace: Duration,
    /// Time for which a stopping node still accepts connections, so that probes of `/readyz` see it
    /// and send no more.
    pub drain_delay: Duration,
    /// Time over which the sockets of a stopping node are closed, so that their clients do not all
    /// return at once.
    pub socket_drain_time: Duration,

    /// Sockets accepted at once, and the rate per second after that; `None`: no limit.
    pub sockets_entering: Option<Allowance>,
    /// Handshakes whose token is checked concurrently.
    pub socket_handshakes: usize,

    /// Documents kept parsed.
    pub cached_documents: usize,
    /// Their approximate maximum size in memory, in bytes.
    pub cached_document_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            message_bytes: 256 << 10,
            depth: 15,
            nodes: 1_000,
            aliases: 30,
            root_fields: 10,
            variables: 100,
            listed: 1_000,
            directives: 20,
            tokens: 10_000,
            brackets: 64,
            operations: 50,
            points: 1_000,
            introspection_nodes: 300_000,
            answer_objects: 200_000,
            answer_bytes: 8 << 20,
            reported_errors: 10,
            page: 250,
            stock_lines: 500,
            order_lines: 2_000,
            bulk_lines: 500,
            header_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(75),
            body_time: Duration::from_secs(15),
            request_time: Duration::from_secs(10),
            requests_in_flight: Some(256),
            stall_time: Duration::from_mins(1),
            headers: 100,
            header_bytes: 64 << 10,
            connections: 50_000,
            connections_per_address: 20_000,
            socket_init_time: Duration::from_secs(5),
            socket_ping: Duration::from_secs(20),
            socket_operations: 100,
            streams_per_caller: 20_000,
            sockets_per_caller: 20_000,
            socket_id_bytes: 128,
            socket_queue_bytes: 256 << 10,
            socket_expiry_grace: Duration::from_secs(10),
            drain_delay: Duration::from_secs(5),
            socket_drain_time: Duration::from_secs(20),
            sockets_entering: Some(Allowance::per_second(10_000, 500)),
            socket_handshakes: 64,
            cached_documents: 4_000,
            cached_document_bytes: 32 << 20,
        }
    }
}
