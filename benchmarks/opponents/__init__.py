"""What the durable engine is measured against: each as good as its authors would write it, none with our logic."""
