//! What is pushed for every event of the catalogue: one golden file for each event, in `tests/relay/catalogue/`.
//!
//! The messages are made from the facts, `docs/protocols/zstack-events.json`, and not from the program's own table.

use serde_json::{Map, Value, json};

use super::{Fact, STEPS, facts};
use crate::support::goldens::Goldens;
use crate::support::languages::in_both;

/// Two values of each label, as ZStack sends them.
const VALUES: [(&str, &str, &str); 56] = [
    ("AbnormalFiles", r#"["/var/log/zstack.log", "/var/core.1"]"#, "[]"),
    ("AlertLevel", "Important", "Normal"),
    ("AlertTime", "2024-07-05 10:00:00.0", "2024-07-05 10:05:00.0"),
    ("ApplianceVmType", "vpcvrouter", "SLB"),
    ("CpuName", "CPU1", "2"),
    ("DatabaseSchedulerExecutedResult", "backup server is full", "success"),
    ("DatabaseSchedulerName", "nightly-db", "hourly-db"),
    ("DataSource", "xsky", "other"),
    ("DestinationHostUuid", "c0ffee0000000000000000000000aa02", "c0ffee0000000000000000000000aa03"),
    ("Details", r#"{"code":"SYS.1006","details":"agent says \"no\"\nand stops"}"#, "edac-util: mc0: 3 errors"),
    ("Dimensions", "{'resource_name':'pool-hdd-2'}", "{'resource_name':'pool-ssd-1', 'disk': 7}"),
    ("DisKUsage", "97%", "98%"),
    ("Disk", "sdb", "sdc"),
    ("DiskTotal", "20GB", "40GB"),
    ("DiskUsed", "19GB", "39GB"),
    ("EnclosureId", "252", "251"),
    ("Error", "no answer from [192.0.2.7], \"ping\" timed out\nafter 60 s", "-"),
    ("ErrorVMOperation", "DestroyVmOnHypervisorMsg", "StopVmOnHypervisorMsg"),
    ("FailedExecutionJobCount", "2", "3"),
    ("FanName", "Fan 1A", "Fan 2B"),
    ("FaultMountPoint", "host node-07 cannot write to 192.0.2.9:/nfs mounted on /mnt/a", "/zstack_ps: \"init\" failed"),
    ("HADetails", "looking for a host", "-"),
    ("HbaPortName", "host3", "host4"),
    ("HostCount", "3", "4"),
    ("HostUuid", "c0ffee0000000000000000000000aa04", "c0ffee0000000000000000000000aa05"),
    ("L3NetworkUuid", "c0ffee0000000000000000000000aa06", "c0ffee0000000000000000000000aa07"),
    ("Locator", "DIMM_A1", "DIMM_B2"),
    ("ManagementNodeIP", "192.0.2.2", "192.0.2.3"),
    ("MemoryUsage", "2048 MB", "3072 MB"),
    ("Message", "存储池 pool-hdd-2 已用 86%", "存储池 pool-ssd-1 已用 91%"),
    ("Metric", "pool::used capacity", "pool::health"),
    ("Name", "zstack-kvmagent", "libvirtd"),
    ("PciDeviceAddress", "0000:3b:00.0", "0000:af:00.0"),
    ("PhysicalNicAddr", "None", "192.0.2.8"),
    ("PhysicalNicFromBond", "bond0", "None"),
    ("PhysicalNicName", "ens1f1", "ens2f0"),
    ("Pid", "4711", "4712"),
    ("PlatformUuid", "c0ffee0000000000000000000000aa08", "c0ffee0000000000000000000000aa09"),
    ("PrimaryStorageUuid", "c0ffee0000000000000000000000aa0a", "c0ffee0000000000000000000000aa0b"),
    ("Product", "Ceph 企业版", "EBS"),
    ("Reason", "heartbeat lost", "-"),
    ("SchedulerJobGroupErrors", "no space;\n\"vm-2\" is gone", "-"),
    ("SchedulerJobGroupName", "nightly", "hourly"),
    ("SerialNumber", "ZC1A2B3C", "ZC9X8Y7Z"),
    ("Service", "sds", "block"),
    ("SlotNumber", "3", "7"),
    ("SourceHostUuid", "c0ffee0000000000000000000000aa0c", "c0ffee0000000000000000000000aa0d"),
    ("State", "failed", "faulty"),
    ("TargetId", "239", "0"),
    ("TotalExecutionJobCount", "5", "6"),
    ("UnknownVMIdentity", "c0ffee0000000000000000000000aa0e", "c0ffee0000000000000000000000aa0f"),
    ("Uuid", "c0ffee0000000000000000000000aa10", "c0ffee0000000000000000000000aa11"),
    ("VmUuidsString", "c0ffee0000000000000000000000aa12", "c0ffee0000000000000000000000aa13"),
    ("Wwid", "scsi-36000c29", "scsi-36000c30"),
    ("internalIp", "192.0.2.51", "192.0.2.52"),
    ("isSuccess", "false", "true"),
];

/// Two values of a label of an event. Some depend on the event. A label that is not in [`VALUES`] has invented values.
fn values(event: &str, label: &str) -> [String; 2] {
    let connected = event.ends_with("Connected");
    let [one, other] = match label {
        "NewStatus" if connected => ["Connected", "Connected"],
        "OldStatus" if connected => ["Connecting", "Disconnected"],
        "NewStatus" if event == "VRouterHealthy" => ["Healthy", "Healthy"],
        // The agent swaps the two of a vGPU.
        "NewStatus" if event == "HostPhysicalVGpuStatusAbnormal" => ["vgpu-1", "vgpu-2"],
        "Name" if event == "HostPhysicalVGpuStatusAbnormal" => ["critical", "warning"],
        "Name" if event == "HostHbaPortStateAbnormal" => ["0000:81:00.0", "0000:81:00.1"],
        "Name" if event == "HostPhysicalPowerSupplyStatusAbnormal" => ["PSU 1", "PSU 2"],
        "NewStatus" => ["Critical", "Failed"],
        "OldStatus" => ["Online", "unknown"],
        "OldState" | "NewState" => ["Running", "Running"],
        "VmAbnormalLifeCycleOperation" => ["VmMigrateToAnotherHost", "VmMigrateToAnotherHost"],
        _ => match VALUES.iter().find(|(name, ..)| *name == label) {
            Some((_, one, other)) => [*one, *other],
            None => return [format!("{label} 1"), format!("{label} 2")],
        },
    };
    [one, other].map(str::to_owned)
}

/// An event as ZStack sends it if its subscription sets no level.
fn message(fact: &Fact, namespace: &str) -> Value {
    let labels = fact.labels.iter().map(|label| {
        let [one, _] = values(&fact.name, label);
        (label.clone(), json!(one))
    });
    json!({
        "EVENT_NAME": fact.name,
        "EVENT_NAMESPACE": namespace,
        "EVENT_LABELS": labels.collect::<Map<_, _>>(),
        "EVENT_EMERGENCY_LEVEL": fact.default_level.as_deref().unwrap_or("Important"),
        "EVENT_RESOURCE_ID": "c0ffee0000000000000000000000aa01",
        "EVENT_RESOURCE_NAME": "订单库-01",
        "EVENT_TIME": "Jul 5, 2024 10:00:00 AM",
        "EVENT_SUBSCRIPTION_UUID": "c0ffee0000000000000000000000bb01",
        "EVENT_ACCOUNT_UUID": "36c27e8ff05c4780bf6d2fa65700f22e",
        "EVENT_DATA_UUID": "aaaabbbbccccddddeeeeffff00001111",
    })
}

fn labelled(message: &Value, label: &str, value: &str) -> Value {
    let mut message = message.clone();
    message["EVENT_LABELS"][label] = json!(value);
    message
}

/// The messages of an event that differ in meaning, each with the name of its case.
fn cases(fact: &Fact, all: &[Fact]) -> Vec<(String, Value)> {
    let plain = message(fact, &fact.namespaces[0]);
    let mut cases = vec![("as ZStack sends it".to_owned(), plain.clone())];
    match &fact.state {
        Some(state) if state.label == "EVENT_ERROR" => {
            let mut failed = plain.clone();
            failed["EVENT_LABELS"] = json!({});
            failed["EVENT_ERROR"] = json!(r#"{"code":"HA.1000","details":"no \"host\" has room"}"#);
            cases.push(("EVENT_ERROR is set".to_owned(), failed.clone()));
            failed["EVENT_ERROR"] = json!("null");
            cases.push(("EVENT_ERROR is empty, and there are no labels".to_owned(), failed.clone()));
            failed.as_object_mut().unwrap().remove("EVENT_ERROR");
            cases.push(("neither EVENT_ERROR nor labels".to_owned(), failed));
        }
        Some(state) => {
            let steps = STEPS.iter().find(|(event, _)| *event == fact.name).map_or(&[][..], |(_, steps)| steps);
            let known = state.problem.iter().chain(&state.over).map(String::as_str);
            for value in known.chain(steps.iter().copied()).chain(["Unheard", ""]) {
                cases.push((format!("{} is {value:?}", state.label), labelled(&plain, &state.label, value)));
            }
            let mut failed = plain.clone();
            failed["EVENT_LABELS"] = json!({});
            failed["EVENT_ERROR"] = json!("failed: no \"host\" has room");
            cases.push(("EVENT_ERROR, and no labels".to_owned(), failed));
        }
        None => {}
    }
    for label in &fact.tells_apart {
        let [_, other] = values(&fact.name, label);
        cases.push((format!("another {label}"), labelled(&plain, label, &other)));
    }
    for name in &fact.undone_by {
        let back = all.iter().find(|fact| fact.name == *name).unwrap();
        // From another subscription, with its own namespace and level.
        let mut back = message(back, back.namespaces.last().unwrap());
        back["EVENT_SUBSCRIPTION_UUID"] = json!("c0ffee0000000000000000000000bb02");
        cases.push((format!("ended by {name}"), back));
    }
    cases
}

#[test]
fn every_event_of_the_catalogue_becomes_the_expected_alert() {
    let facts = facts();
    let mut goldens = Goldens::of("catalogue");
    for fact in &facts {
        let cases = cases(fact, &facts).into_iter().map(|(case, sent)| {
            let (pushed, chinese) = in_both(sent.to_string().as_bytes(), &[]);
            (case, json!({"sent": sent, "pushed": pushed, "zh-CN": chinese}))
        });
        goldens.check(&fact.name, &Value::Object(cases.collect::<Map<_, _>>()));
    }
    goldens.end();
}
