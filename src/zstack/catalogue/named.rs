//! Events of other ZStack products. Only their names are known. The pair of load balancer events is inferred from the
//! names.

use super::{Entry, event};

pub(super) const EVENTS: &[Entry] = &[
    event("SlbVmInstanceDisconnected", "负载均衡实例失联", ""),
    event("SlbVmInstanceConnected", "负载均衡实例已连接", "").undoes(&["SlbVmInstanceDisconnected"]),
    event("SlbVmInstanceAbnormalFilesExists", "负载均衡实例磁盘空间被异常文件占用", ""),
    event("CdpTaskFailed", "CDP任务失败", ""),
    event("CdpTaskStatusAbnormallyChanged", "CDP任务状态异常切换", ""),
    event("SecretResourcePoolStatusChange", "资源池状态变化", ""),
    event("SecurityMachineStateChange", "密码机状态变化", ""),
    event("IAM2ProjecRetire", "项目回收策略", ""),
    event("VCenterHostWrongDateTime", "VCenter主机时间异常", ""),
    event("VCenterResourceEvent", "VCenter资源事件", ""),
    event("VMRequestRecoverFaultTolerance", "FT辅助虚拟机开始恢复", ""),
    event("VMFailedRecoverFaultTolerance", "FT辅助虚拟机启动失败", ""),
    event("YunshanNSPInforEvents", "YunShan网络异常事件", ""),
];
