//! From the text of an endpoint to a URL.
//!
//! What the specification leaves open: an endpoint without a scheme is plain text, unless `INSECURE` is `false`, or it is
//! unset and a certificate or port 443 says TLS; `grpc://` and `grpcs://` are `http` and `https` spoken as gRPC; a host
//! without a scheme and a port has the protocol's own port; port 4317 means gRPC when no protocol is set.

use super::{ConfigError, Protocol};
use reqwest::Url;
use sitelog_model::Signal;

/// What the other settings say about an endpoint.
pub(super) struct Context<'a> {
    pub(super) from: &'a str,
    /// Set for this signal only: the URL is used as it is.
    pub(super) own: bool,
    pub(super) signal: Signal,
    pub(super) protocol: Option<Protocol>,
    pub(super) insecure: Option<bool>,
    /// Whether certificates were given.
    pub(super) certificates: bool,
}

pub(super) fn parse(text: &str, context: &Context<'_>) -> Result<(Url, Protocol), ConfigError> {
    read(text, context).map_err(|why| ConfigError::Endpoint {
        from: context.from.to_owned(),
        why,
    })
}

fn read(text: &str, context: &Context<'_>) -> Result<(Url, Protocol), String> {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (Some(scheme.to_ascii_lowercase()), rest),
        None => (None, text),
    };
    let grpc = matches!(scheme.as_deref(), Some("grpc" | "grpcs"));
    let secure = match scheme.as_deref() {
        Some("http" | "grpc") => false,
        Some("https" | "grpcs") => true,
        Some(other) => return Err(format!("scheme {other:?} is not http, https or grpc")),
        None => schemeless_is_secure(rest, context),
    };
    // Read as a scheme without a default port, so that a port in the text is never dropped.
    let url = Url::parse(&format!("otlp://{rest}")).map_err(|error| format!("the endpoint is no URL ({error})"))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err("the endpoint names no host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("credentials do not belong in the endpoint, set the headers instead".to_owned());
    }
    let protocol = choose_protocol(grpc, url.port(), context.protocol)?;
    let port = url
        .port()
        .or_else(|| (scheme.is_none() || grpc).then(|| protocol.port()));
    let url = assemble(&url, secure, port, protocol, context);
    url.map(|url| (url, protocol))
}

fn schemeless_is_secure(rest: &str, context: &Context<'_>) -> bool {
    let authority = rest.split('/').next().unwrap_or(rest);
    context
        .insecure
        .map_or(context.certificates || authority.ends_with(":443"), |insecure| {
            !insecure
        })
}

fn choose_protocol(grpc: bool, port: Option<u16>, set: Option<Protocol>) -> Result<Protocol, String> {
    match (set, grpc) {
        (Some(Protocol::Grpc) | None, true) => Ok(Protocol::Grpc),
        (Some(other), true) => Err(format!("the endpoint says grpc and the protocol {}", other.name())),
        (Some(set), false) => Ok(set),
        (None, false) if port == Some(4317) => Ok(Protocol::Grpc),
        (None, false) => Ok(Protocol::HttpProtobuf),
    }
}

fn assemble(url: &Url, secure: bool, port: Option<u16>, protocol: Protocol, of: &Context<'_>) -> Result<Url, String> {
    let scheme = if secure { "https" } else { "http" };
    let host = url.host_str().unwrap_or_default();
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = match (protocol, of.own) {
        // The path of a gRPC request is its method.
        (Protocol::Grpc, _) => String::new(),
        (_, true) => url.path().to_owned(),
        (_, false) => format!("{}/v1/{}", url.path().trim_end_matches('/'), of.signal.name()),
    };
    let query = match url.query() {
        Some(query) if protocol != Protocol::Grpc => format!("?{query}"),
        _ => String::new(),
    };
    let text = format!("{scheme}://{host}{port}{path}{query}");
    Url::parse(&text).map_err(|error| format!("the endpoint is no URL ({error})"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn context<'a>(own: bool, protocol: Option<Protocol>) -> Context<'a> {
        let (signal, insecure, certificates) = (Signal::Logs, None, false);
        Context {
            from: "V",
            own,
            signal,
            protocol,
            insecure,
            certificates,
        }
    }

    fn url(text: &str, own: bool, protocol: Option<Protocol>) -> String {
        let (url, protocol) = parse(text, &context(own, protocol)).unwrap();
        format!("{} {url}", protocol.name())
    }

    #[test]
    fn a_base_gets_the_signals_path_and_an_own_endpoint_is_used_as_it_is() {
        assert_eq!(url("http://h:4318", false, None), "http/protobuf http://h:4318/v1/logs");
        assert_eq!(
            url("https://h/base/", false, None),
            "http/protobuf https://h/base/v1/logs"
        );
        assert_eq!(url("https://h/x?k=v", true, None), "http/protobuf https://h/x?k=v");
        assert_eq!(
            url("http://h:9", true, Some(Protocol::HttpJson)),
            "http/json http://h:9/"
        );
        assert_eq!(
            url("http://[::1]:80/", false, None),
            "http/protobuf http://[::1]/v1/logs"
        );
    }

    #[test]
    fn what_users_type_is_understood() {
        assert_eq!(url("h:4318", false, None), "http/protobuf http://h:4318/v1/logs");
        assert_eq!(url("h:4317", false, None), "grpc http://h:4317/");
        assert_eq!(url("h", false, None), "http/protobuf http://h:4318/v1/logs");
        assert_eq!(url("h", false, Some(Protocol::Grpc)), "grpc http://h:4317/");
        assert_eq!(url("grpc://h", false, None), "grpc http://h:4317/");
        assert_eq!(url("GRPC://h:5/path", false, None), "grpc http://h:5/");
        assert_eq!(
            url("http://h:4317/", true, Some(Protocol::HttpProtobuf)),
            "http/protobuf http://h:4317/"
        );
        assert_eq!(url("h:443", false, None), "http/protobuf https://h/v1/logs");
    }

    #[test]
    fn insecure_decides_only_where_no_scheme_does() {
        let scheme = |text, insecure, certificates| {
            let context = Context {
                insecure,
                certificates,
                ..context(false, None)
            };
            parse(text, &context).unwrap().0.scheme().to_owned()
        };
        assert_eq!(scheme("h:4318", Some(false), false), "https");
        assert_eq!(scheme("h:4318", None, true), "https");
        assert_eq!(scheme("h:4318", Some(true), true), "http");
        assert_eq!(scheme("https://h:4318", Some(true), false), "https");
        assert_eq!(scheme("http://h:4318", Some(false), true), "http");
    }

    #[test]
    fn what_cannot_work_is_refused_in_one_line_without_the_endpoint() {
        let bad = [
            "ftp://h",
            "http://",
            "http://u:hunter2@h",
            "h:99999",
            "http://a b",
            "unix:///run/x",
        ];
        for text in bad {
            let message = parse(text, &context(false, None)).unwrap_err().to_string();
            assert!(
                message.starts_with("V: ") && !message.contains("hunter2"),
                "{text}: {message}"
            );
            assert_eq!(message.lines().count(), 1, "{message:?}");
        }
        assert!(parse("grpc://h", &context(false, Some(Protocol::HttpJson))).is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text: String, own: bool) {
            if let Ok((url, _)) = parse(&text, &context(own, None)) {
                prop_assert!(url.host_str().is_some());
            }
        }
    }
}
