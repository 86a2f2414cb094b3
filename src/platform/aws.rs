//! The AWS SDK, configured from the environment variables that Lambda sets, and from nothing else.
//!
//! The SDK's default chain would also look for profiles, containers, instances and web identities. Lambda has none of
//! them, and their code is a third of the binary.

use std::env;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::ProvideRegion as _;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::SystemTimeSource;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};

use crate::platform::http::Http;

/// The SDK's configuration, for a client that connects with `http`.
///
/// These come from the environment: region, credentials, endpoints (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_SSM`,
/// `AWS_ENDPOINT_URL_SQS`) and kinds of endpoint (`AWS_USE_FIPS_ENDPOINT`, `AWS_USE_DUALSTACK_ENDPOINT`).
pub async fn config(http: Http) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .sleep_impl(TokioSleep::new())
        .time_source(SystemTimeSource::new())
        .region(EnvironmentVariableRegionProvider::new().region().await)
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .service_config(Environment)
        .use_fips(is_true("AWS_USE_FIPS_ENDPOINT"))
        .use_dual_stack(is_true("AWS_USE_DUALSTACK_ENDPOINT"))
        .build()
}

fn is_true(name: &str) -> bool {
    env::var(name).is_ok_and(|value| value.eq_ignore_ascii_case("true"))
}

/// A setting of one service, such as `AWS_ENDPOINT_URL_SSM`, or of all, such as `AWS_ENDPOINT_URL`.
#[derive(Debug)]
struct Environment;

impl LoadServiceConfig for Environment {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        let service = key.service_id().to_ascii_uppercase().replace(' ', "_");
        env::var(format!("{}_{service}", key.env())).or_else(|_| env::var(key.env())).ok()
    }
}
