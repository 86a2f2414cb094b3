// Coming.
