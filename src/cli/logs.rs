//! Destination and format of log lines.

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    panic::{self, PanicHookInfo},
    sync::OnceLock,
};

use super::error_reports::{self, ErrorLayer};
use crate::{CRATES, config::LogFormat};
use platform::{metrics, traces};
use tracing::{Event, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Json, Writer},
    },
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Begins to write log lines to stderr. `ENTREPOT_LOG` chooses which.
pub fn init_logging(format: LogFormat, is_demo: bool) {
    let format = *FORMAT.get_or_init(|| format);
    // The demo prints its own lines, and signed heads of the audit log would interrupt them.
    let usual = if is_demo { "warn" } else { "warn,entrepot=info" };
    let env_filter =
        std::env::var("ENTREPOT_LOG").ok().and_then(|env_filter| EnvFilter::try_new(for_all_crates(&env_filter)).ok());
    let filter = env_filter.unwrap_or_else(|| for_all_crates(usual).into());
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match format {
        LogFormat::Text => {
            // No colours in files and pipes, or with NO_COLOR (no-color.org).
            let coloured = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
            lines.with_ansi(coloured).finish().with(ErrorLayer).init();
            let usual = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                metrics::count_panic();
                error_reports::report_panic(panic);
                usual(panic);
            }));
        }
        LogFormat::Json => {
            let lines = lines.json().with_current_span(false).with_span_list(false).map_event_format(TracedJson);
            lines.finish().with(ErrorLayer).init();
            panic::set_hook(Box::new(log_panic));
        }
    }
}

/// Reports the failure with which the process ends.
pub fn log_failure(err: &impl std::fmt::Display) {
    match FORMAT.get() {
        Some(LogFormat::Json) => tracing::error!("{err}"),
        // stderr may be closed: then the message is lost.
        _ => drop(writeln!(io::stderr(), "entrepot: {err}")),
    }
}

/// A panic as one line like all others.
fn log_panic(panic: &PanicHookInfo<'_>) {
    metrics::count_panic();
    error_reports::report_panic(panic);
    let location = panic.location().map(ToString::to_string);
    tracing::error!(panic = panic.payload_as_str().unwrap_or("of no text"), location, "a thread panicked");
}

/// A line of JSON, with the trace that its task works for as `trace_id`.
struct TracedJson(Format<Json>);

impl<S, N> FormatEvent<S, N> for TracedJson
where
    S: Subscriber + for<'lookup> LookupSpan<'lookup>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let Some(trace) = traces::current() else { return self.0.format_event(context, writer, event) };
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        match line.trim_end().strip_suffix('}') {
            Some(members) => writeln!(writer, "{members},\"trace_id\":\"{:032x}\"}}", trace.trace_id),
            None => writer.write_str(&line),
        }
    }
}

/// A filter of log lines, with each directive for `entrepot` or one of its rooms repeated for every crate: to operators they are one.
fn for_all_crates(filter: &str) -> String {
    let directives = filter.split(',').map(str::trim).flat_map(|directive| match directive.strip_prefix("entrepot") {
        Some(rest) => CRATES.iter().map(|name| format!("{}{rest}", name.replace('-', "_"))).collect(),
        None => vec![directive.to_owned()],
    });
    directives.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_of_json_names_the_trace_of_its_task() {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let lines = tracing_subscriber::fmt().with_writer(move || writer.clone()).json().with_current_span(false);
        let lines = lines.with_span_list(false).map_event_format(TracedJson).finish();
        let context = traces::TraceContext::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        tracing::subscriber::with_default(lines, || {
            runtime.block_on(traces::within(context, async { tracing::info!(request_id = "r", "inside") }));
            tracing::info!("outside");
        });
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let [inside, outside] = &lines[..] else { panic!("{text}") };
        assert_eq!(
            (&inside["trace_id"], &inside["fields"]["request_id"]),
            (&"0af7651916cd43dd8448eb211c80319c".into(), &"r".into())
        );
        assert_eq!((&outside["fields"]["message"], outside.get("trace_id")), (&"outside".into(), None));
    }

    #[test]
    fn a_filter_for_entrepot_is_for_all_of_its_crates() {
        let filter = for_all_crates("warn, entrepot::storage=debug");
        assert!(
            filter.starts_with("warn,macros::storage=debug,forecast::storage=debug,reference::storage=debug,product_text::storage=debug,platform::storage=debug"),
            "{filter}"
        );
        assert!(filter.ends_with(",entrepot::storage=debug"), "{filter}");
        assert_eq!(filter.split(',').count(), 1 + CRATES.len());
        assert_eq!(for_all_crates("info,hyper=off"), "info,hyper=off");
    }
}
