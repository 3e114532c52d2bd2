//! Sorting rows by numbers that many of them share.

/// Sorts rows by their numbers, equal ones in the order that they had.
///
/// Many rows share a few numbers (statuses, counts of replicas): then each goes straight to where its number
/// begins, which takes a fraction of comparing them.
pub(super) fn by_number(rows: &mut Vec<u32>, numbers: &[i64]) {
    let mut values = Vec::new();
    for number in numbers {
        if let Err(at) = values.binary_search(number) {
            values.insert(at, *number);
        }
        if values.len() > 64 {
            return rows.sort_by_key(|row| numbers[*row as usize]);
        }
    }
    let rank = |row: &u32| values.partition_point(|value| *value < numbers[*row as usize]);
    let mut next = vec![0; values.len() + 1];
    rows.iter().for_each(|row| next[rank(row) + 1] += 1);
    for at in 1..next.len() {
        next[at] += next[at - 1];
    }
    let mut sorted = vec![0; rows.len()];
    for row in &*rows {
        let slot = &mut next[rank(row)];
        sorted[*slot] = *row;
        *slot += 1;
    }
    *rows = sorted;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_numbers_and_many_are_sorted_alike() {
        for different in [1, 7, 64, 65, 900] {
            let numbers: Vec<i64> =
                (0..1_000).map(|n| if n % 11 == 0 { i64::MIN } else { n * 7_919 % different }).collect();
            let mut rows: Vec<u32> = (0..1_000).rev().collect();
            let mut expected = rows.clone();
            expected.sort_by_key(|row| numbers[*row as usize]);
            by_number(&mut rows, &numbers);
            assert_eq!(rows, expected, "{different} different numbers");
        }
    }
}
