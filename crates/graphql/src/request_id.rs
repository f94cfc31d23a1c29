//! ID of the request that a task answers, for log lines of code that knows no request.

use std::future::Future;

tokio::task_local! {
    static REQUEST_ID: String;
}

/// Returns the ID of the current task's request; None for jobs, and for answers of subscriptions.
pub fn current() -> Option<String> {
    REQUEST_ID.try_with(Clone::clone).ok()
}

/// Answers a request.
pub async fn scope<T>(request_id: &str, answering: impl Future<Output = T>) -> T {
    REQUEST_ID.scope(request_id.to_owned(), answering).await
}
