// BACnet's access events and door states (ANSI/ASHRAE 135, clause 21) in Chinese.
const access = {
  none: "无", granted: "放行", muster: "集合点签到", "passback-detected": "检出重复进入", duress: "胁迫",
  trace: "跟踪", "lockout-max-attempts": "尝试过多锁定", "lockout-other": "锁定", "lockout-relinquished": "锁定解除",
  "locked-by-higher-authority": "上级锁定", "out-of-service": "停用", "out-of-service-relinquished": "恢复使用",
  "accompaniment-by": "有人陪同", "authentication-factor-read": "已读凭证", "authorization-delayed": "授权延迟",
  "verification-required": "需要核验", "no-entry-after-granted": "放行后未进入",
  "denied-deny-all": "全部拒绝", "denied-unknown-credential": "未知凭证",
  "denied-authentication-unavailable": "无法认证", "denied-authentication-factor-timeout": "认证超时",
  "denied-incorrect-authentication-factor": "认证不符", "denied-zone-no-access-rights": "无此区域权限",
  "denied-point-no-access-rights": "无此门权限", "denied-no-access-rights": "无通行权限",
  "denied-out-of-time-range": "不在允许时段", "denied-threat-level": "安全等级限制", "denied-passback": "重复进入",
  "denied-unexpected-location-usage": "异地使用", "denied-max-attempts": "尝试过多",
  "denied-lower-occupancy-limit": "低于人数下限", "denied-upper-occupancy-limit": "人数已满",
  "denied-authentication-factor-lost": "凭证已挂失", "denied-authentication-factor-stolen": "凭证被盗",
  "denied-authentication-factor-damaged": "凭证损坏", "denied-authentication-factor-destroyed": "凭证已销毁",
  "denied-authentication-factor-disabled": "凭证停用", "denied-authentication-factor-error": "凭证读取错误",
  "denied-credential-unassigned": "凭证未分配", "denied-credential-not-provisioned": "凭证未开通",
  "denied-credential-not-yet-active": "凭证未生效", "denied-credential-expired": "凭证过期",
  "denied-credential-manual-disable": "凭证被人工停用", "denied-credential-lockout": "凭证锁定",
  "denied-credential-max-days": "超过可用天数", "denied-credential-max-uses": "超过可用次数",
  "denied-credential-inactivity": "久未使用", "denied-credential-disabled": "凭证停用",
  "denied-no-accompaniment": "无人陪同", "denied-incorrect-accompaniment": "陪同人不符", "denied-lockout": "门已锁定",
  "denied-verification-failed": "核验未通过", "denied-verification-timeout": "核验超时", "denied-other": "其他原因拒绝",
};
const door = {
  normal: "正常", alarm: "报警", "door-open-too-long": "门开过久", "forced-open": "强行打开", tamper: "设备被拆动",
  "door-fault": "门体故障", "lock-down": "封闭", "free-access": "自由通行", "egress-open": "出门开启",
};
const prefixed = (prefix, words) => Object.fromEntries(Object.entries(words).map(([k, v]) => [`${prefix}.${k}`, v]));

export const bacnet = { ...prefixed("access", access), ...prefixed("door", door) };
