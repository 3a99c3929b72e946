"""Views: each draws the state of a controller and sends back what a hand did."""
