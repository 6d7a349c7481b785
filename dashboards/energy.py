"""Energy: what the park uses, where and for what."""

from dashboards.panels import Json, bars, dashboard, query


def energy() -> Json:
    """Electricity by building, use and day; water, gas and heat."""
    return dashboard(
        "park-energy",
        title="能源 / Energy",
        tags=["energy"],
        since="now-7d",
        panels=[
            query("power_now", "stat", title="当前功率 / Power now", unit="kwatt", width=4, height=6),
            bars(query("energy_by_day", "timeseries", title="每日用电 / By day", unit="kwatth", width=20, height=6)),
            query("power", "timeseries", title="功率 / Power by building", unit="kwatt", width=24),
            bars(query("energy_by_building", "timeseries", title="用电 / Electricity by building", unit="kwatth")),
            bars(query("energy_by_use", "timeseries", title="分项用电 / Electricity by use", unit="kwatth")),
            query("largest_consumers", "table", title="用电排名 / Largest consumers"),
            bars(query("water_and_gas", "timeseries", title="水、气、热 / Water, gas, heat")),
            query("power_factor", "timeseries", title="功率因数 / Power factor", width=24),
        ],
    )
