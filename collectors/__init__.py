"""From the broker to the batch: MQTT sessions, topics, payloads; knows neither SQL nor rules."""
