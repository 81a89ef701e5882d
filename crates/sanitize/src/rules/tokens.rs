//! Tokens that are recognized by their own form (R13).

use super::Part::{Lit, Run};
use super::{Find, Part, Rule};
use crate::chars::{ALNUM, ALNUM_DASH, B64URL, HEX, UPPER_DIGIT, WORD};

const ANY: usize = usize::MAX;

/// A row of the table: id, why, form, an example in two parts (so that no scanner of sources takes it for a token), a miss.
macro_rules! token {
    ($id:literal, $why:literal, $form:expr, $head:literal + $tail:literal, $miss:literal) => {
        Rule {
            id: $id,
            contract: "R13",
            why: $why,
            find: Find::Token(const { $form }),
            hits: &[
                (concat!("<", $head, $tail, ">"), "<[REDACTED]>"),
                (
                    concat!("https://", $head, $tail, "@h.example.test/x"),
                    "https://[REDACTED]@h.example.test/x",
                ),
            ],
            misses: &[concat!("x ", $head, " y"), $miss],
        }
    };
}

const GITHUB: usize = 36;

/// The rules of this family.
pub(super) static RULES: &[Rule] = &[
    token!(
        "aws-access-key",
        "AWS access key id",
        &[Lit("AKIA"), Run(&UPPER_DIGIT, 16, 16)] as &[Part],
        "AKIA" + "DU6PAMVZ3MR5PY74",
        "AKIADU6PAMVZ3MR5PY"
    ),
    token!(
        "aws-session-key",
        "AWS temporary access key id",
        &[Lit("ASIA"), Run(&UPPER_DIGIT, 16, 16)] as &[Part],
        "ASIA" + "DU6PAMVZ3MR5PY74",
        "ASIAN"
    ),
    token!(
        "github-classic",
        "GitHub personal token",
        &[Lit("ghp_"), Run(&ALNUM, GITHUB, ANY)] as &[Part],
        "ghp_" + "YJiPl9Pzf8KleZXvXoQyEdersF2xjiTX1dY1",
        "ghp_short"
    ),
    token!(
        "github-oauth",
        "GitHub OAuth token",
        &[Lit("gho_"), Run(&ALNUM, GITHUB, ANY)] as &[Part],
        "gho_" + "YJiPl9Pzf8KleZXvXoQyEdersF2xjiTX1dY1",
        "gho_short"
    ),
    token!(
        "github-user",
        "GitHub user-to-server token",
        &[Lit("ghu_"), Run(&ALNUM, GITHUB, ANY)] as &[Part],
        "ghu_" + "YJiPl9Pzf8KleZXvXoQyEdersF2xjiTX1dY1",
        "ghu_short"
    ),
    token!(
        "github-server",
        "GitHub server-to-server token",
        &[Lit("ghs_"), Run(&ALNUM, GITHUB, ANY)] as &[Part],
        "ghs_" + "YJiPl9Pzf8KleZXvXoQyEdersF2xjiTX1dY1",
        "ghs_short"
    ),
    token!(
        "github-refresh",
        "GitHub refresh token",
        &[Lit("ghr_"), Run(&ALNUM, GITHUB, ANY)] as &[Part],
        "ghr_" + "YJiPl9Pzf8KleZXvXoQyEdersF2xjiTX1dY1",
        "ghr_short"
    ),
    token!(
        "github-fine",
        "GitHub fine-grained token",
        &[Lit("github_pat_"), Run(&WORD, 22, ANY)] as &[Part],
        "github_pat_" + "11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz0123456789",
        "github_pat_abc"
    ),
    token!(
        "gitlab",
        "GitLab personal token",
        &[Lit("glpat-"), Run(&B64URL, 20, ANY)] as &[Part],
        "glpat-" + "V4UAjjDxiMuM6q67LqbC",
        "glpat-short"
    ),
    token!(
        "slack-bot",
        "Slack bot token",
        &[Lit("xoxb-"), Run(&ALNUM_DASH, 20, ANY)] as &[Part],
        "xoxb-" + "51765646476-46858866324-94242ce70b6e9a11",
        "xoxb-1234"
    ),
    token!(
        "slack-user",
        "Slack user token",
        &[Lit("xoxp-"), Run(&ALNUM_DASH, 20, ANY)] as &[Part],
        "xoxp-" + "51765646476-46858866324-94242ce70b6e9a11",
        "xoxp-1234"
    ),
    token!(
        "slack-app",
        "Slack app token",
        &[Lit("xapp-"), Run(&ALNUM_DASH, 20, ANY)] as &[Part],
        "xapp-" + "1-A0123456789-46858866324-94242ce70b6e9a",
        "xapp-1"
    ),
    token!(
        "google-api",
        "Google API key",
        &[Lit("AIza"), Run(&B64URL, 35, ANY)] as &[Part],
        "AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
        "AIzaShort"
    ),
    token!(
        "google-oauth",
        "Google OAuth token",
        &[Lit("ya29."), Run(&B64URL, 20, ANY)] as &[Part],
        "ya29." + "a0AfH6SMBx9fJk3kqP7Lw",
        "ya29.x"
    ),
    token!(
        "stripe-live",
        "Stripe live key",
        &[Lit("sk_live_"), Run(&ALNUM, 16, ANY)] as &[Part],
        "sk_live_" + "9JlKnkPriycfDVF0aNu2Mr1y",
        "sk_live_mode"
    ),
    token!(
        "stripe-test",
        "Stripe test key",
        &[Lit("sk_test_"), Run(&ALNUM, 16, ANY)] as &[Part],
        "sk_test_" + "9JlKnkPriycfDVF0aNu2Mr1y",
        "sk_test_mode"
    ),
    token!(
        "stripe-restricted",
        "Stripe restricted key",
        &[Lit("rk_live_"), Run(&ALNUM, 16, ANY)] as &[Part],
        "rk_live_" + "9JlKnkPriycfDVF0aNu2Mr1y",
        "rk_live_mode"
    ),
    token!(
        "stripe-webhook",
        "Stripe webhook secret",
        &[Lit("whsec_"), Run(&ALNUM, 16, ANY)] as &[Part],
        "whsec_" + "9JlKnkPriycfDVF0aNu2Mr1y",
        "whsec_x"
    ),
    token!(
        "stripe-customer",
        "Stripe customer id",
        &[Lit("cus_"), Run(&ALNUM, 14, ANY)] as &[Part],
        "cus_" + "NffrFeUfNV2Hib",
        "cus_short"
    ),
    token!(
        "pulumi",
        "Pulumi access token",
        &[Lit("pul-"), Run(&HEX, 40, ANY)] as &[Part],
        "pul-" + "4667fb6fb2d1819c455210aad768a5107b332e01",
        "pul-4667fb6fb2d1"
    ),
    token!(
        "npm",
        "npm token",
        &[Lit("npm_"), Run(&ALNUM, 36, ANY)] as &[Part],
        "npm_" + "YJiPl9Pzf8KleZXvXoQyEdersF2xjiTX1dY1",
        "npm_config_cache"
    ),
    token!(
        "pypi",
        "PyPI token",
        &[Lit("pypi-AgEIcHlwaS5vcmc"), Run(&B64URL, 16, ANY)] as &[Part],
        "pypi-AgEI" + "cHlwaS5vcmcCJDA1MjQ5ZTQ3LWM2",
        "pypi-server"
    ),
    token!(
        "vault-service",
        "Vault service token",
        &[Lit("hvs."), Run(&B64URL, 24, ANY)] as &[Part],
        "hvs." + "CAESIJlU9QMYEhOYvDWRGuGf9N",
        "hvs.short"
    ),
    token!(
        "vault-batch",
        "Vault batch token",
        &[Lit("hvb."), Run(&B64URL, 24, ANY)] as &[Part],
        "hvb." + "AAAAAQJlU9QMYEhOYvDWRGuGf9N",
        "hvb.short"
    ),
    token!(
        "digitalocean",
        "DigitalOcean token",
        &[Lit("dop_v1_"), Run(&HEX, 64, ANY)] as &[Part],
        "dop_v1_" + "4667fb6fb2d1819c455210aad768a5107b332e014667fb6fb2d1819c455210aa",
        "dop_v1_4667"
    ),
    token!(
        "huggingface",
        "Hugging Face token",
        &[Lit("hf_"), Run(&ALNUM, 34, ANY)] as &[Part],
        "hf_" + "YJiPl9Pzf8KleZXvXoQyEdersF2xjiTX1d",
        "hf_hub_download"
    ),
    token!(
        "anthropic",
        "Anthropic key",
        &[Lit("sk-ant-"), Run(&B64URL, 20, ANY)] as &[Part],
        "sk-ant-" + "api03-YJiPl9Pzf8KleZXvXoQy",
        "sk-ant-x"
    ),
    token!(
        "openai",
        "OpenAI project key",
        &[Lit("sk-proj-"), Run(&B64URL, 20, ANY)] as &[Part],
        "sk-proj-" + "YJiPl9Pzf8KleZXvXoQyEder",
        "sk-proj-x"
    ),
    token!(
        "sendgrid",
        "SendGrid key",
        &[Lit("SG."), Run(&B64URL, 22, 22), Lit("."), Run(&B64URL, 43, ANY)] as &[Part],
        "SG." + "ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf-09kqeF8tAmbihYzrnopKc-1s5cr",
        "SG.x.y"
    ),
    token!(
        "docker",
        "Docker Hub token",
        &[Lit("dckr_pat_"), Run(&B64URL, 20, ANY)] as &[Part],
        "dckr_pat_" + "YJiPl9Pzf8KleZXvXoQyEdersF2",
        "dckr_pat_x"
    ),
    token!(
        "grafana",
        "Grafana service account token",
        &[Lit("glsa_"), Run(&WORD, 20, ANY)] as &[Part],
        "glsa_" + "YJiPl9Pzf8KleZXvXoQyEdersF2xjiTX_1a2b3c4d",
        "glsa_x"
    ),
    token!(
        "databricks",
        "Databricks token",
        &[Lit("dapi"), Run(&HEX, 32, ANY)] as &[Part],
        "dapi" + "4667fb6fb2d1819c455210aad768a510",
        "dapi4667"
    ),
    token!(
        "buildkite",
        "Buildkite API token",
        &[Lit("bkua_"), Run(&HEX, 40, ANY)] as &[Part],
        "bkua_" + "4667fb6fb2d1819c455210aad768a5107b332e01",
        "bkua_4667"
    ),
    token!(
        "age",
        "age identity",
        &[Lit("AGE-SECRET-KEY-1"), Run(&UPPER_DIGIT, 58, ANY)] as &[Part],
        "AGE-SECRET-" + "KEY-1QQPQQQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQQPQQQPZRY9X8GF2TVDWQP",
        "AGE-SECRET-KEY-1QQ"
    ),
];
