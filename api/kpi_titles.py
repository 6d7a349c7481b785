"""The words of the tables in both languages."""

Words = dict[str, dict[str, str]]


def _words(*rows: tuple[str, str, str]) -> Words:
    return {key: {"zh": zh, "en": en} for key, zh, en in rows}


KINDS = _words(
    ("acknowledge", "接单", "acknowledge"),
    ("respond", "响应", "respond"),
    ("restore", "恢复", "restore"),
)
SHEETS = _words(
    ("about", "说明", "about"),
    ("figures", "指标", "figures"),
    ("weeks", "按周", "weeks"),
    ("causes", "超时原因", "causes"),
    ("satisfaction", "满意度", "satisfaction"),
    ("online", "受理渠道", "channels"),
    ("technicians", "人员绩效", "technicians"),
    ("contractors", "承包商绩效", "contractors"),
)
CHANNELS = _words(
    ("online", "线上", "online"),
    ("phone", "电话", "phone"),
    ("desk", "柜台", "desk"),
    ("chat", "聊天应用", "chat"),
)
TITLES = _words(
    ("group", "分组", "group"),
    ("name", "名称", "name"),
    ("kind", "承诺", "promise"),
    ("n", "样本数", "n"),
    ("met", "达标", "met"),
    ("missed", "未达标", "missed"),
    ("overdue", "其中未结超时", "of these still open"),
    ("provisional", "其中待核实", "of met unverified"),
    ("attainment", "达标率", "attainment"),
    ("attainment_low", "达标率下限95%", "attainment low 95%"),
    ("attainment_high", "达标率上限95%", "attainment high 95%"),
    ("spent_n", "计时数", "timed n"),
    ("spent_mean_s", "服务时间均值(秒)", "calendar mean (s)"),
    ("spent_p50_s", "服务时间P50(秒)", "calendar P50 (s)"),
    ("spent_p90_s", "服务时间P90(秒)", "calendar P90 (s)"),
    ("spent_p95_s", "服务时间P95(秒)", "calendar P95 (s)"),
    ("wall_n", "自然计时数", "wall n"),
    ("wall_mean_s", "自然时间均值(秒)", "wall mean (s)"),
    ("wall_p50_s", "自然时间P50(秒)", "wall P50 (s)"),
    ("wall_p90_s", "自然时间P90(秒)", "wall P90 (s)"),
    ("wall_p95_s", "自然时间P95(秒)", "wall P95 (s)"),
    ("fixed_n", "一次修复样本数", "first-time fix n"),
    ("fixed", "一次修复率", "first-time fix"),
    ("reopened_n", "完成数", "done n"),
    ("reopened", "返工率", "re-opened"),
    ("week", "周一", "Monday"),
    ("whole", "整周", "whole week"),
    ("cause", "原因", "cause"),
    ("share", "占比", "share"),
    ("median_s", "该环节用时中位数(秒)", "median of it (s)"),
    ("what", "项目", "what"),
    ("value", "值", "value"),
    ("mean", "平均星级", "mean stars"),
    ("good", "四星及以上占比", "4 stars and more"),
    ("good_low", "下限95%", "low 95%"),
    ("good_high", "上限95%", "high 95%"),
    ("rated", "参评率", "response rate"),
    ("rated_low", "参评率下限95%", "response rate low 95%"),
    ("rated_high", "参评率上限95%", "response rate high 95%"),
    ("orders", "工单数", "orders"),
    ("respond_n", "响应样本数", "response n"),
    ("respond", "响应达标率", "response kept"),
    ("restore_n", "恢复样本数", "restoration n"),
    ("restore", "恢复达标率", "restoration kept"),
    ("reached_n", "到场样本数", "arrivals n"),
    ("reached_p50_s", "接单到到场P50(秒)", "accepted to on site P50 (s)"),
    ("reached_p90_s", "接单到到场P90(秒)", "accepted to on site P90 (s)"),
    ("proven_n", "到场数", "arrivals"),
    ("proven", "到场有凭证占比", "on site proven"),
    ("channel", "渠道", "channel"),
    ("count", "件数", "count"),
)
ABOUT = _words(
    ("now", "统计时刻", "As of"),
    ("since", "起", "From"),
    ("until", "止", "To"),
    ("faults", "日历未覆盖、无法计时的时钟数", "Clocks that tell nothing (calendar not loaded)"),
    (
        "rule",
        "按到期时刻归入统计期；到期仍未结的按未达标计",
        "A promise counts when it runs out; still open then is missed",
    ),
    ("method", "百分位：最近两位次间线性插值；未结的排在最后", "Percentiles: linear between ranks; open ones are last"),
    ("unknown", "空格表示未知，不是零", "An empty cell is unknown, not 0"),
    ("ratings", "租户评价", "Ratings by tenants"),
)
