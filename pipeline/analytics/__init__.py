"""Figures of the park's service, and forecasts from them: frames in, figures out; only who asks imports pandas."""
