//! The Lambda function behind the retry queue.

use std::process::ExitCode;

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use zstack_flashduty::config::Function;
use zstack_flashduty::deadline::Deadline;
use zstack_flashduty::redelivery::Redelivery;
use zstack_flashduty::runtime::{Components, invocation, run, start};

#[tokio::main(flavor = "local")]
async fn main() -> ExitCode {
    run(redeliver()).await
}

async fn redeliver() -> Result<(), Error> {
    let Components { secrets, delivery, metrics, .. } = start(Function::Redeliver).await?;
    let redelivery = Redelivery::new(secrets, delivery, metrics);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        let deadline = Deadline::of_batch(event.context.deadline);
        invocation(redelivery.redeliver(event.payload, &event.context.request_id, deadline)).await
    }))
    .await
}
